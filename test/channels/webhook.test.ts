import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { receiveWebhook, type WebhookRules } from "../../src/channels/webhook.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const nowMs = Math.floor(Date.now() / 1000) * 1000;

function receive(payload: unknown, rules: WebhookRules) {
  const body = JSON.stringify(payload);
  const headers = new Headers({
    "webhook-id": "msg_1",
    "webhook-timestamp": String(nowMs / 1000),
    "webhook-signature": new Webhook(secret).sign("msg_1", new Date(nowMs), body),
  });
  return receiveWebhook(
    { headers, body, nowMs },
    { name: "shop", rules, secrets: [secret], names: ["shop"], urlFault: () => undefined },
  );
}

const order = z.object({ order: z.object({ id: z.int() }) });
const rules: WebhookRules = {
  toMessage: (payload) => ({ session: "orders", content: `Order ${order.parse(payload).order.id}` }),
};

it("[HOOK-4] a payload that the rules' schema refuses is answered 400 with its field", async () => {
  expect(await receive({ order: { id: 7 } }, rules)).toMatchObject({ received: { content: "Order 7" } });
  await expect(receive({ order: { id: "7" } }, rules)).rejects.toMatchObject({
    code: "invalid_request",
    field: "order.id",
    message: expect.stringContaining("order.id"),
  });
  await expect(receive([], rules)).rejects.toMatchObject({ code: "invalid_request", field: "body" });
});

it("[HOOK-4] a throw that is the rules' own fault is not blamed on the sender", async () => {
  const broken: WebhookRules = {
    toMessage: () => {
      throw new TypeError("oops");
    },
  };
  await expect(receive({}, broken)).rejects.toThrow(TypeError);
});

/** A request as one of the schemes signs it. */
interface Scheme {
  signedBy: NonNullable<WebhookRules["signedBy"]>;
  sign(body: string, atSeconds: number): Record<string, string>;
}
const hmac = (text: string) => createHmac("sha256", secret).update(text).digest("hex");
const standardly = (prefix: string) => (body: string, at: number) => ({
  [`${prefix}-id`]: "msg_1",
  [`${prefix}-timestamp`]: String(at),
  [`${prefix}-signature`]: new Webhook(secret).sign("msg_1", new Date(at * 1000), body),
});
const schemes: Record<string, Scheme> = {
  standard: { signedBy: "standard", sign: standardly("webhook") },
  svix: { signedBy: "standard", sign: standardly("svix") },
  github: {
    signedBy: "github",
    sign: (body) => ({ "X-Hub-Signature-256": `sha256=${hmac(body)}`, "X-GitHub-Delivery": "d1" }),
  },
  stripe: { signedBy: "stripe", sign: (body, at) => ({ "Stripe-Signature": `t=${at},v1=${hmac(`${at}.${body}`)}` }) },
};
const nowSeconds = nowMs / 1000;
const take = (scheme: Scheme, body: string, headers: Record<string, string>, more: WebhookRules = {}) =>
  receiveWebhook(
    { headers: new Headers(headers), body, nowMs },
    {
      ...{ name: "shop", rules: { signedBy: scheme.signedBy, ...more }, secrets: [secret], names: ["shop"] },
      urlFault: (url) => (url.startsWith("https:") ? undefined : "It must be https."),
    },
  );
const body = '{"content":"Hi","session":"7","id":"evt_1"}';

describe.each(Object.entries(schemes))("a webhook signed by %s", (name, scheme) => {
  it("[HOOK-6] is taken where it is signed", async () => {
    const taken = await take(scheme, body, scheme.sign(body, nowSeconds));
    expect(taken).toMatchObject({ kind: "message", received: { session: "hook_shop_7", content: "Hi" } });
  });

  it("[HOOK-6] is refused with a title of its own for each fault", async () => {
    const refusal = (headers: Record<string, string>, text = body) =>
      take(scheme, text, headers).then(
        () => "taken",
        ({ code, title }) => `${code}: ${title}`,
      );
    const signed = scheme.sign(body, nowSeconds);
    expect(await refusal({})).toBe("unauthorized: The signature is missing");
    expect(await refusal(signed, `${body} `)).toBe("unauthorized: The signature is wrong");
    const noJson = "no JSON";
    expect(await refusal(scheme.sign(noJson, nowSeconds), noJson)).toBe("invalid_request: The body is not JSON");
    for (const off of name === "github" ? [] : [-301, 301, -86_400]) {
      expect(await refusal(scheme.sign(body, nowSeconds + off))).toBe("unauthorized: The signature is too old");
    }
  });

  it("[HOOK-9] has the same name however often it comes, and another one for another body or id", async () => {
    const claims = async (text: string, more: Record<string, string> = {}) => {
      const inbound = await take(scheme, text, { ...scheme.sign(text, nowSeconds), ...more });
      return inbound.kind === "message" ? inbound.received.claims : [];
    };
    const first = await claims(body);
    expect(await claims(body)).toEqual(first);
    const isKnown = (again: string[]) => again.some((claim) => first.includes(claim));
    if (name === "github") expect(isKnown(await claims(body, { "X-GitHub-Delivery": "d2" }))).toBe(true);
    const other = body.replace("evt_1", "evt_2");
    const ids: Record<string, Record<string, string>> = { github: { "X-GitHub-Delivery": "d3" } };
    if (name === "github" || name === "stripe") expect(isKnown(await claims(other, ids[name]))).toBe(false);
  });
});

describe("GitHub's form", () => {
  const github = schemes.github as Scheme;
  const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
  const asForm = (text: string) => ({
    "Content-Type": "application/x-www-form-urlencoded",
    ...github.sign(text, nowSeconds),
  });

  it("[HOOK-7] holds the JSON in its field payload", async () => {
    const text = form({ payload: '{"content":"Grüße & ein Plus: 1+1","session":"7"}' });
    expect(await take(github, text, asForm(text))).toMatchObject({
      received: { session: "hook_shop_7", content: "Grüße & ein Plus: 1+1" },
    });
  });

  it.each([
    ["without the field", { other: "{}" }],
    ["whose field is no JSON", { payload: "{" }],
    ["that is empty", {}],
  ])("[HOOK-7] %s is refused by name", async (_, fields) => {
    const text = form(fields as Record<string, string>) || "=";
    await expect(take(github, text, asForm(text))).rejects.toMatchObject({
      ...{ code: "invalid_request", title: "The body is not JSON", field: "payload" },
    });
  });

  it("[HOOK-7] a form from another sender is not read", async () => {
    const stripe = schemes.stripe as Scheme;
    const text = form({ payload: body });
    const headers = { "Content-Type": "application/x-www-form-urlencoded", ...stripe.sign(text, nowSeconds) };
    await expect(take(stripe, text, headers)).rejects.toMatchObject({ title: "The body is not JSON" });
  });
});

it.each([
  ["session", { content: "Hi", session: {} }],
  ["speaker", { content: "Hi", speaker: 7 }],
  ["callback_url", { content: "Hi", callback_url: [] }],
])("[HOOK-4] a wrong %s in the body is named", async (field, payload) => {
  await expect(receive(payload, {})).rejects.toMatchObject({
    ...{ code: "invalid_request", field, title: "The payload does not fit this webhook" },
  });
});

it("[HOOK-8] svix- headers are read all or none: one name cannot sign and another say the id", async () => {
  const svix = schemes.svix as Scheme;
  const mixed = { ...svix.sign(body, nowSeconds), "webhook-id": "msg_other" };
  const taken = await take(svix, body, mixed);
  expect(taken).toMatchObject({ received: { claims: ["webhook shop msg_1"] } });
  const forged = { ...svix.sign(body, nowSeconds), "webhook-signature": "v1,AAAA" };
  await expect(take(svix, body, forged)).rejects.toMatchObject({ title: "The signature is missing" });
  const whole = { ...forged, "webhook-id": "msg_1", "webhook-timestamp": String(nowSeconds) };
  await expect(take(svix, body, whole)).rejects.toMatchObject({ title: "The signature is wrong" });
});

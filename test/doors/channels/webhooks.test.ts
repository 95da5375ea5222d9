import { exports } from "cloudflare:workers";
import { sign } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { webhooks as hooks } from "../../app/app.ts";
import { text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let key: string;

beforeEach(() => {
  provider = startProvider();
  key = crypto.randomUUID();
  hooks.git = {
    signedBy: "github",
    toMessage(payload) {
      const { action, issue } = payload as { action: string; issue?: { number: number; title: string } };
      if (action === "explode") throw new Error("the mapping is wrong");
      return action === "opened"
        ? { session: `${key}-${issue?.number}`, content: `New issue: ${issue?.title}` }
        : undefined;
    },
  };
  hooks.pay = { signedBy: "stripe" };
});
afterEach(() => {
  vi.restoreAllMocks();
  delete hooks.git;
  delete hooks.pay;
  for (const name of ["orders", "orders_eu", "shop_eu"]) delete hooks[name];
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function post(name: string, body: string, headers: Record<string, string>) {
  const answer = await worker.fetch(`https://longline.test/channels/webhooks/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}
const opened = (number = 7) => JSON.stringify({ action: "opened", issue: { number, title: "It leaks" } });
async function fromGitHub(body: string, { secret = "its-a-secret", delivery = `${key}-d` } = {}) {
  const headers = { "X-GitHub-Event": "issues", "X-GitHub-Delivery": delivery };
  return post("git", body, { ...headers, "X-Hub-Signature-256": await sign(secret, body) });
}
async function fromStripe(payload: object, { secret = "whsec_one", atSeconds = Math.floor(Date.now() / 1000) } = {}) {
  const body = JSON.stringify(payload);
  const bytes = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", bytes.encode(secret), hmac, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes.encode(`${atSeconds}.${body}`)));
  const hex = [...signature].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return post("pay", body, { "Stripe-Signature": `t=${atSeconds},v1=${hex}` });
}

describe("GitHub", () => {
  it("[HOOK-1] is mapped to a message, taken once for each delivery, whichever of two secrets signed it", async () => {
    provider.enqueue(text("Noted."), text("Noted, too."));
    const first = await fromGitHub(opened());
    expect(first).toMatchObject({ status: 202, body: { session: `hook_git_${key}-7`, turn: "turn_1" } });
    expect(await fromGitHub(opened())).toMatchObject({ status: 200, body: { turn: "turn_1" } });
    const next = await fromGitHub(opened(), { secret: "the-next-secret", delivery: `${key}-d2` });
    expect(next).toMatchObject({ status: 202, body: { turn: "turn_2" } });
    const path = new URL(first.body.status_url).pathname;
    const told = await worker.fetch(`https://longline.test${path}`, { headers: { Authorization: "Bearer test-key" } });
    expect(((await told.json()) as Json).turn).toBe("turn_1");
  });

  it("[REACH-10] a body that was signed once is the same delivery under whatever id it comes again", async () => {
    provider.enqueue(text("Noted."));
    expect((await fromGitHub(opened())).status).toBe(202);
    for (const delivery of [`${key}-d`, `${key}-forged`, `${key}-forged-2`]) {
      expect(await fromGitHub(opened(), { delivery })).toMatchObject({ status: 200, body: { turn: "turn_1" } });
    }
  });

  it("[HOOK-1] what asks for nothing is taken and ignored, also its ping", async () => {
    expect(await fromGitHub('{"action":"closed"}')).toEqual({ status: 200, body: { ignored: true } });
    const body = '{"zen":"Keep it logically awesome."}';
    const headers = { "X-GitHub-Event": "ping", "X-Hub-Signature-256": await sign("its-a-secret", body) };
    expect(await post("git", body, headers)).toEqual({ status: 200, body: { ignored: true } });
  });

  it("[HOOK-1] a mapping that throws is a fault of ours: 500, so that senders who try again do", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    expect((await fromGitHub('{"action":"explode"}')).status).toBe(500);
    expect(String(logged.mock.calls.flat())).toContain("the mapping is wrong");
  });

  it("[HOOK-1] without the right signature nothing is read", async () => {
    expect(await fromGitHub(opened(), { secret: "wrong" })).toMatchObject({
      status: 401,
      body: { title: "The signature is wrong", code: "unauthorized" },
    });
    expect((await post("git", opened(), {})).status).toBe(401);
    expect((await post("git", "no JSON", { "X-Hub-Signature-256": `sha256=${"0".repeat(64)}` })).status).toBe(401);
  });
});

describe("two webhooks", () => {
  const send = async (name: string, body: string, delivery: string) =>
    post(name, body, {
      ...{ "X-GitHub-Event": "push", "X-GitHub-Delivery": delivery },
      "X-Hub-Signature-256": await sign("secret-of-this-one", body),
    });

  it("[HOOK-5] whose names and keys look alike never share a session", async () => {
    provider.enqueue(text("One."), text("Two."));
    hooks.orders = { signedBy: "github", toMessage: () => ({ session: `eu_${key}`, content: "Order 1" }) };
    hooks.orders_eu = { signedBy: "github", toMessage: () => ({ session: key, content: "Order 2" }) };
    const one = await send("orders", `{"n":"${key}"}`, `${key}-1`);
    const two = await send("orders_eu", `{"n":"${key}"}`, `${key}-2`);
    expect([one.status, two.status]).toEqual([202, 202]);
    expect(one.body.session).toBe(`hook_orders_eu_${key}`);
    expect(two.body.session).toBe(`hook-9-orders_eu_${key}`);
    expect([one.body.turn, two.body.turn]).toEqual(["turn_1", "turn_1"]);
  });

  it("[HOOK-5] a session of an earlier version goes on under its id", async () => {
    provider.enqueue(text("One."), text("Two."), text("Three."));
    const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json" };
    const former = `hook_shop_eu_${key}`;
    await worker.fetch(`https://longline.test/v1/sessions/${former}/messages`, {
      ...{ method: "POST", headers },
      body: JSON.stringify({ content: "Before" }),
    });
    hooks.shop_eu = { signedBy: "github", toMessage: () => ({ session: key, content: "After" }) };
    const after = await send("shop_eu", `{"n":"${key}"}`, `${key}-3`);
    expect(after).toMatchObject({ status: 202, body: { session: former, turn: "turn_2" } });
    hooks.shop_eu = { signedBy: "github", toMessage: () => ({ session: `new-${key}`, content: "After" }) };
    const fresh = await send("shop_eu", `{"n":"new-${key}"}`, `${key}-4`);
    expect(fresh).toMatchObject({ status: 202, body: { session: `hook-7-shop_eu_new-${key}` } });
  });
});

describe("what is no delivery", () => {
  it.each(["GET", "HEAD", "PUT", "DELETE"])("[HOOK-6] %s is 405, and says POST", async (method) => {
    const answer = await worker.fetch("https://longline.test/channels/webhooks/plain", { method });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
    await answer.body?.cancel();
  });

  it("[HOOK-6] more than 4 MB is 413 before its signature is looked at", async () => {
    const answer = await post("plain", `"${"x".repeat(4_200_000)}"`, {});
    expect(answer).toMatchObject({ status: 413, body: { title: "The body is too large" } });
  });
});

describe("Stripe", () => {
  it("[HOOK-1] is taken once for each event, by either secret, and not when it is old", async () => {
    provider.enqueue(text("Thanks."), text("Thanks."));
    const event = (n: number) => ({
      id: `evt_${key}_${n}`,
      type: "charge.succeeded",
      session: key,
      content: "A payment",
    });
    expect(await fromStripe(event(1))).toMatchObject({ status: 202, body: { turn: "turn_1" } });
    expect(await fromStripe(event(1))).toMatchObject({ status: 200, body: { turn: "turn_1" } });
    expect(await fromStripe(event(2), { secret: "whsec_two" })).toMatchObject({ status: 202 });
    expect((await fromStripe(event(3), { secret: "whsec_three" })).status).toBe(401);
  });
});

describe("a clock that is off", () => {
  /** The Worker's own clock stops here: a second that passes between signing and reading would take a second from the future. */
  const nowSeconds = 1_795_600_000;
  beforeEach(() => void vi.spyOn(Date, "now").mockReturnValue(nowSeconds * 1000));

  it.each([
    [-301, 401],
    [301, 401],
    [-300, 202],
    [300, 202],
  ])("[HOOK-1] a signature that is %i s off is answered %i", async (off, status) => {
    provider.enqueue(text("Thanks."));
    const event = { id: `evt_${key}`, type: "charge.succeeded", session: key, content: "A payment" };
    expect((await fromStripe(event, { atSeconds: nowSeconds + off })).status).toBe(status);
  });
});

describe("Standard Webhooks", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const send = (payload: object, atMs = Date.now()) => {
    const body = JSON.stringify(payload);
    const id = `msg_${key}`;
    const at = new Date(atMs);
    const headers = { "webhook-id": id, "webhook-timestamp": String(Math.floor(atMs / 1000)) };
    return post("plain", body, { ...headers, "webhook-signature": new Webhook(secret).sign(id, at, body) });
  };

  it("[HOOK-1] needs no rules, and is refused when it is old", async () => {
    provider.enqueue(text("Hi."));
    expect(await send({ content: "Hi", session: key })).toMatchObject({ status: 202 });
    expect((await send({ content: "Hi", session: key }, Date.now() - 301_000)).status).toBe(401);
  });

  it("[HOOK-3] a callback to an inner address is refused by name, and nothing is stored", async () => {
    const refused = await send({ content: "Hi", session: key, callback_url: "http://169.254.169.254/x" });
    expect([refused.status, refused.body.field]).toEqual([400, "callback_url"]);
    const session = await worker.fetch(`https://longline.test/v1/sessions/hook_plain_${key}`, {
      headers: { Authorization: "Bearer test-key" },
    });
    expect(session.status).toBe(404);
  });
});

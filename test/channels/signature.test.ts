import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  isSignedByDiscord,
  isSignedByGitHub,
  isSignedBySlack,
  isSignedByStandard,
  isSignedByStripe,
  type Signed,
  standardHeaders,
} from "../../src/channels/signature.ts";
import { randomOf } from "../support/random.ts";

const seed = Number(process.env.SEED ?? 20261124);

/** A request as it is sent, and one scheme's way to sign and to read it. */
interface Sent {
  body: string;
  headers: Record<string, string>;
}

interface Scheme {
  name: string;
  sign(body: string, atSeconds: number): Promise<Sent>;
  isSigned(request: Signed, key?: string): Promise<boolean>;
  otherKey: string;
}

const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");
const asSigned = ({ body, headers }: Sent, nowMs: number): Signed => {
  const all = new Headers(headers);
  return { body, nowMs, header: (name) => all.get(name) ?? undefined };
};

const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
const otherPair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
const publicHex = async ({ publicKey }: CryptoKeyPair) =>
  Buffer.from((await crypto.subtle.exportKey("raw", publicKey)) as ArrayBuffer).toString("hex");
const discordKey = await publicHex(pair);

const slackSecret = "8f742231b10e8888abcd99yyyzzz85a5";
const standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const stripeSecret = "whsec_stripe_has-no/base64";
const gitHubSecret = "It's a Secret to Everybody";

const slack: Scheme = {
  name: "Slack",
  sign: async (body, at) => ({
    body,
    headers: {
      "X-Slack-Request-Timestamp": `${at}`,
      "X-Slack-Signature": `v0=${hmac(slackSecret, `v0:${at}:${body}`)}`,
    },
  }),
  isSigned: (request, key = slackSecret) => isSignedBySlack(request, key),
  otherKey: "8f742231b10e8888abcd99yyyzzz85a6",
};

const stripe: Scheme = {
  name: "Stripe",
  sign: async (body, at) => ({
    body,
    headers: { "Stripe-Signature": `t=${at},v1=${hmac(stripeSecret, `${at}.${body}`)}` },
  }),
  isSigned: (request, key = stripeSecret) => isSignedByStripe(request, [key]),
  otherKey: "whsec_stripe_has-no/base65",
};

const gitHub: Scheme = {
  name: "GitHub",
  sign: async (body) => ({ body, headers: { "X-Hub-Signature-256": `sha256=${hmac(gitHubSecret, body)}` } }),
  isSigned: (request, key = gitHubSecret) => isSignedByGitHub(request, [key]),
  otherKey: "it's a Secret to Everybody",
};

const standard: Scheme = {
  name: "Standard Webhooks",
  sign: async (body, at) => ({
    body,
    headers: await standardHeaders({ id: "msg_1", atMs: at * 1000, body }, standardSecret),
  }),
  isSigned: (request, key = standardSecret) => isSignedByStandard(request, [key]),
  otherKey: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx",
};

const discord: Scheme = {
  name: "Discord",
  sign: async (body, at) => {
    const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(`${at}${body}`));
    const headers = { "X-Signature-Timestamp": `${at}`, "X-Signature-Ed25519": Buffer.from(signature).toString("hex") };
    return { body, headers };
  },
  isSigned: (request, key = discordKey) => isSignedByDiscord(request, key),
  otherKey: await publicHex(otherPair),
};

const schemes = [slack, stripe, gitHub, standard, discord];
const body = '{"type":1,"text":"Grüße, 世界 👋"}';
const nowMs = Date.UTC(2026, 10, 24);
const nowSeconds = nowMs / 1000;

/** The package for Standard Webhooks reads the clock itself. */
function setClock(ms: number): number {
  vi.setSystemTime(ms);
  return ms;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  setClock(nowMs);
});
afterEach(() => {
  vi.useRealTimers();
});

describe("official examples", () => {
  it("[CHANNEL-1] Slack's", async () => {
    const sent = {
      body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
      headers: {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
      },
    };
    expect(await isSignedBySlack(asSigned(sent, 1_531_420_618_000), slackSecret)).toBe(true);
    expect(await isSignedBySlack(asSigned(sent, nowMs), slackSecret)).toBe(false);
  });

  it("[CHANNEL-1] GitHub's", async () => {
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const sent = { body: "Hello, World!", headers: { "X-Hub-Signature-256": signature } };
    expect(await isSignedByGitHub(asSigned(sent, nowMs), [gitHubSecret])).toBe(true);
  });

  it("[CHANNEL-1] that of Standard Webhooks, read and written", async () => {
    const atMs = setClock(1_614_265_330_000);
    const sent = {
      body: '{"test": 2432232314}',
      headers: {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
      },
    };
    expect(await isSignedByStandard(asSigned(sent, atMs), [standardSecret])).toBe(true);
    const of = { id: sent.headers["webhook-id"], atMs: atMs + 999, body: sent.body };
    expect(await standardHeaders(of, standardSecret)).toEqual(sent.headers);
  });
});

describe.each(schemes)(`$name (SEED=${seed})`, (scheme) => {
  const sign = (at = nowSeconds) => scheme.sign(body, at);

  it("[CHANNEL-1] takes what is signed, and nothing signed with another key", async () => {
    const request = asSigned(await sign(), nowMs);
    expect(await scheme.isSigned(request)).toBe(true);
    expect(await scheme.isSigned(request, scheme.otherKey)).toBe(false);
  });

  it("[CHANNEL-1] refuses 200 forgeries of one bit", async () => {
    const next = randomOf(seed);
    const sent = await sign();
    for (let n = 0; n < 200; n++) {
      const forged = flipOne(sent, next);
      expect(await scheme.isSigned(asSigned(forged, nowMs)), JSON.stringify(forged)).toBe(false);
    }
  });

  it("[CHANNEL-1] refuses what lacks a header, and what is malformed, without throwing", async () => {
    const sent = await sign();
    for (const name of Object.keys(sent.headers)) {
      const { [name]: value = "", ...others } = sent.headers;
      expect(await scheme.isSigned(asSigned({ body, headers: others }, nowMs)), name).toBe(false);
      const half = value.slice(0, value.length / 2);
      for (const wrong of ["", " ", ",", "=", "v0=", "v1", "v1,", "t=,v1=", "sha256=", "NaN", "-1", "1e9", half]) {
        const headers = { ...others, [name]: wrong };
        expect(await scheme.isSigned(asSigned({ body, headers }, nowMs)), `${name}: ${wrong}`).toBe(false);
      }
    }
    expect(await scheme.isSigned(asSigned({ ...sent, body: "" }, nowMs))).toBe(false);
    expect(await scheme.isSigned(asSigned(sent, Number.NaN))).toBe(scheme === gitHub);
  });

  it("[CHANNEL-1] a key that is not set or not a key lets nothing in", async () => {
    const request = asSigned(await sign(), nowMs);
    for (const key of ["", "whsec_", "whsec_***", "z".repeat(64), "0", "ä"]) {
      expect(await scheme.isSigned(request, key), key).toBe(false);
    }
  });
});

it.each([
  [slack, 300],
  [stripe, 300],
  [standard, 300],
  [discord, 600],
])("[CHANNEL-1] $0.name refuses what is more than $1 s old or from the future", async (scheme, tolerance) => {
  for (const off of [0, tolerance - 1, tolerance, tolerance + 1, 86_400]) {
    for (const at of [nowSeconds - off, nowSeconds + off]) {
      const request = asSigned(await scheme.sign(body, at), nowMs);
      expect(await scheme.isSigned(request), `${at - nowSeconds} s`).toBe(off <= tolerance);
    }
  }
});

/** Another request by one bit of its body or of a header's value. White space is not made: headers are trimmed on their way. */
function flipOne({ body, headers }: Sent, next: () => number): Sent {
  const names = Object.keys(headers);
  const place = Math.floor(next() * (names.length + 1));
  const name = names[place];
  const old = name === undefined ? body : (headers[name] ?? "");
  const isHex = /^[0-9a-f]{128}$/.test(old);
  const bytes = Buffer.from(old, isHex ? "hex" : "latin1");
  const at = Math.floor(next() * bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(next() * (isHex ? 8 : 7)));
  const text = name === undefined ? old.slice(0, at) + flipUnit(old, at, next) + old.slice(at + 1) : "";
  if (name === undefined) return { body: text, headers };
  const value = bytes.toString(isHex ? "hex" : "latin1");
  // Not every byte may stand in a header.
  return /^[\x21-\x7e]+$/.test(value)
    ? { body, headers: { ...headers, [name]: value } }
    : flipOne({ body, headers }, next);
}

/** Only of the lowest 7 bits: no half of a pair becomes another half that UTF-8 writes alike. */
function flipUnit(text: string, at: number, next: () => number): string {
  return String.fromCharCode(text.charCodeAt(at) ^ (1 << Math.floor(next() * 7)));
}

describe("several secrets and signatures", () => {
  it.each([stripe, gitHub, standard])(
    "[CHANNEL-1] any secret of $name's will do, and none is no pass",
    async (scheme) => {
      const request = asSigned(await scheme.sign(body, nowSeconds), nowMs);
      const key =
        { Stripe: stripeSecret, GitHub: gitHubSecret, "Standard Webhooks": standardSecret }[scheme.name] ?? "";
      const isSigned = { Stripe: isSignedByStripe, GitHub: isSignedByGitHub }[scheme.name] ?? isSignedByStandard;
      expect(await isSigned(request, ["", "not base64!", scheme.otherKey, key])).toBe(true);
      expect(await isSigned(request, ["", "not base64!", scheme.otherKey])).toBe(false);
      expect(await isSigned(request, [])).toBe(false);
    },
  );

  it("[CHANNEL-1] one right signature among several is enough", async () => {
    const wrong = "0".repeat(64);
    const right = hmac(stripeSecret, `${nowSeconds}.${body}`);
    const ofStripe = (signatures: string) => ({
      body,
      headers: { "Stripe-Signature": `t=${nowSeconds},${signatures}` },
    });
    expect(await stripe.isSigned(asSigned(ofStripe(`v1=${wrong},v1=${right},v0=${wrong}`), nowMs))).toBe(true);
    expect(await stripe.isSigned(asSigned(ofStripe(`v1=${wrong},v0=${right}`), nowMs))).toBe(false);

    const { headers } = await standard.sign(body, nowSeconds);
    const signature = headers["webhook-signature"] ?? "";
    const ofStandard = (value: string) => ({ body, headers: { ...headers, "webhook-signature": value } });
    expect(await standard.isSigned(asSigned(ofStandard(`v1a,AAAA v1,AAAA ${signature}`), nowMs))).toBe(true);
    expect(await standard.isSigned(asSigned(ofStandard(signature.replace("v1,", "v1a,")), nowMs))).toBe(false);
  });

  it("[CHANNEL-1] Standard Webhooks sign any text, not JSON alone", async () => {
    expect(await standard.isSigned(asSigned(await standard.sign("no {json", nowSeconds), nowMs))).toBe(true);
  });

  it("[CHANNEL-1] Standard Webhooks must be fresh by the request's time and by the clock", async () => {
    const sent = await standard.sign(body, nowSeconds);
    expect(await standard.isSigned(asSigned(sent, nowMs + 301_000))).toBe(false);
    setClock(nowMs + 301_000);
    expect(await standard.isSigned(asSigned(sent, nowMs))).toBe(false);
  });

  it("[CHANNEL-1] Stripe's key is the text of the secret, not what it encodes", async () => {
    const key = Buffer.from(standardSecret.slice(6), "base64");
    const decoded = createHmac("sha256", key).update(`${nowSeconds}.${body}`).digest("hex");
    const headers = { "Stripe-Signature": `t=${nowSeconds},v1=${decoded}` };
    expect(await isSignedByStripe(asSigned({ body, headers }, nowMs), [standardSecret])).toBe(false);
  });
});

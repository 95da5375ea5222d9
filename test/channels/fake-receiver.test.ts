/** Holds the double that gets our callbacks to the Standard Webhooks specification. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFakeReceiver } from "../support/fake-receiver.ts";
import { serveFetch } from "../support/serve-fetch.ts";

/** The vector of standard-webhooks/spec. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const signedAt = 1_614_265_330;
const vector = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": String(signedAt),
  "webhook-signature": signature,
};
const other = `whsec_${btoa("another secret of 24 byte")}`;
const body = '{"test": 2432232314}';
const url = "https://receiver.example/hook?a=1";

function world(secrets = [secret]) {
  const clock = { ms: signedAt * 1000 };
  const receiver = createFakeReceiver({ secrets, now: () => clock.ms });
  const post = (headers: Record<string, string> = {}, text = body) =>
    receiver.fetch(url, { method: "POST", headers: { ...vector, ...headers }, body: text });
  return { clock, receiver, post };
}

describe("the receiver of callbacks", () => {
  it("[CHANNEL-0] knows the signature of the specification and keeps what came", async () => {
    const { receiver, post } = world();
    expect((await post()).status).toBe(204);
    expect(receiver.deliveries).toEqual([
      {
        ...{ id: vector["webhook-id"], timestamp: signedAt, valid: true, body: { test: 2432232314 } },
        ...{ atMs: signedAt * 1000, status: 204, url },
      },
    ]);
    expect(receiver.accepted).toEqual([vector["webhook-id"]]);
  });

  it.each([
    ["another body", {}, '{"test":2432232314}', false],
    ["another id", { "webhook-id": "msg_2" }, body, false],
    ["another timestamp", { "webhook-timestamp": String(signedAt + 1) }, body, false],
    ["no signature", { "webhook-signature": "" }, body, false],
    ["a signature of another version", { "webhook-signature": signature.replace("v1", "v1a") }, body, false],
    ["what is no base64", { "webhook-signature": "v1,%%%" }, body, false],
    ["a right one among several", { "webhook-signature": `v1a,AAAA v1,BBBB ${signature}` }, body, true],
  ])("[CHANNEL-0] checks the signature: %s", async (_, headers, text, valid) => {
    const { receiver, post } = world();
    await post(headers, text);
    expect(receiver.deliveries).toMatchObject([{ valid }]);
  });

  it("[CHANNEL-0] takes any of its secrets, and no other", async () => {
    const both = world([other, secret]);
    await both.post();
    const wrong = world([other]);
    await wrong.post();
    expect([both, wrong].map(({ receiver }) => receiver.deliveries[0]?.valid)).toEqual([true, false]);
  });

  it.each([
    [300_000, true],
    [301_000, false],
    [-300_000, true],
    [-301_000, false],
  ])("[CHANNEL-0] a timestamp that is %d ms off is valid: %s", async (offMs, valid) => {
    const { clock, receiver, post } = world();
    clock.ms += offMs;
    await post();
    expect(receiver.deliveries).toMatchObject([{ valid }]);
  });

  it("[CHANNEL-0] answers what was queued, and counts an id once", async () => {
    const { receiver, post } = world();
    receiver.next(500, { status: 429, headers: { "Retry-After": "7" } }, 200);
    const answers = [await post(), await post(), await post(), await post()];
    expect(answers.map(({ status }) => status)).toEqual([500, 429, 200, 204]);
    expect(answers[1]?.headers.get("Retry-After")).toBe("7");
    expect(receiver.deliveries.map(({ status }) => status)).toEqual([500, 429, 200, 204]);
    expect(receiver.accepted).toEqual([vector["webhook-id"]]);
  });

  it("[CHANNEL-0] loses an answer, or hangs until the caller gives up", async () => {
    const { receiver, post } = world();
    receiver.next("drop_response");
    await expect(post()).rejects.toThrow(TypeError);
    expect(receiver.accepted).toEqual([vector["webhook-id"]]);
    receiver.next("hang");
    const caller = new AbortController();
    const { signal } = caller;
    const hanging = receiver.fetch(url, { method: "POST", headers: { "webhook-id": "msg_2" }, body, signal });
    await vi.waitFor(() => expect(receiver.deliveries).toHaveLength(2));
    caller.abort(new Error("gave up"));
    await expect(hanging).rejects.toThrow("gave up");
    expect(receiver.deliveries.map(({ status }) => status)).toEqual([204, 0]);
    expect(receiver.accepted).toEqual([vector["webhook-id"]]);
  });

  it("[CHANNEL-0] only POST is a delivery", async () => {
    const { receiver } = world();
    expect((await receiver.fetch(url)).status).toBe(405);
    expect(receiver.deliveries).toEqual([]);
  });
});

describe("behind a port", () => {
  let close = async () => {};
  afterEach(() => close());

  it("[CHANNEL-0] a served double sees path, headers and body, and a lost answer is a broken connection", async () => {
    const { receiver } = world();
    const served = await serveFetch(receiver.fetch);
    close = served.close;
    receiver.next({ status: 503, headers: { "Retry-After": "3" } }, "drop_response");
    const post = (signal?: AbortSignal) =>
      fetch(`${served.url}/hook`, { method: "POST", headers: vector, body, ...(signal && { signal }) });
    const answer = await post();
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "3"]);
    await expect(post()).rejects.toThrow(TypeError);
    receiver.next("hang");
    const caller = new AbortController();
    const hanging = post(caller.signal);
    await vi.waitFor(() => expect(receiver.deliveries).toHaveLength(3));
    caller.abort(new Error("gave up"));
    await expect(hanging).rejects.toThrow("gave up");
    expect((await fetch(`${served.url}/hook`)).status).toBe(405);
    expect(receiver.deliveries).toMatchObject([
      { valid: true, url: `${served.url}/hook`, status: 503 },
      { valid: true, status: 204 },
      { valid: true, status: 0 },
    ]);
  });
});

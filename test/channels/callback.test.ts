import { afterEach, describe, expect, it, vi } from "vitest";
import { type CallbackAddress, type CallbackShown, callback, outcomeOf, waitOf } from "../../src/channels/callback.ts";
import { createFakeReceiver } from "../support/fake-receiver.ts";
import { Delivery, reply, whole } from "../support/posting.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const nowMs = Math.floor(Date.now() / 1000) * 1000;
afterEach(() => {
  vi.restoreAllMocks();
});

function world({ fault }: { fault?: string } = {}) {
  const receiver = createFakeReceiver({ secrets: [secret], now: () => nowMs });
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => receiver.fetch(input, init));
  const outlet = callback({ secret: async () => secret, urlFault: () => fault });
  const address: CallbackAddress = { channel: "callback", url: "https://receiver.example/hook" };
  const one = new Delivery<CallbackAddress, CallbackShown>(address, (posting) => outlet.post({ ...posting, nowMs }));
  return { receiver, one };
}

describe("a callback", () => {
  const statuses = Array.from({ length: 500 }, (_, n) => n + 100);
  it("[HOOK-10] every status has one outcome: 2xx took it, 410 wants no more, all others come again", () => {
    for (const status of statuses) {
      const expected = status >= 200 && status <= 299 ? "taken" : status === 410 ? "gone" : "again";
      expect(outcomeOf(status), String(status)).toBe(expected);
    }
  });

  it.each([200, 201, 202, 204])("[HOOK-10] is delivered by %i", async (status) => {
    const { receiver, one } = world();
    receiver.next(status);
    expect(await one.post(whole("Done."))).toMatchObject({ kind: "shown" });
  });

  it.each([301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504])(
    "[HOOK-10] comes again after %i, under the same id, and a redirect is not followed",
    async (status) => {
      const { receiver, one } = world();
      receiver.next({ status, headers: { Location: "https://elsewhere.example/" } });
      expect(await one.post(whole("Done."))).toMatchObject({
        kind: "retry",
        error: expect.stringContaining(`${status}`),
      });
      expect(await one.post(whole("Done."))).toMatchObject({ kind: "shown" });
      expect(new Set(receiver.deliveries.map(({ id, url }) => `${id} ${url}`)).size).toBe(1);
    },
  );

  it("[HOOK-10] ends for good at 410, and at an address that is not allowed any more", async () => {
    const { receiver, one } = world();
    receiver.next(410);
    expect(await one.post(whole("Done."))).toMatchObject({ kind: "dead", error: expect.stringContaining("410") });
    const refused = world({ fault: "It leads to a private address." });
    expect(await refused.one.post(whole("Done."))).toMatchObject({
      kind: "dead",
      error: "It leads to a private address.",
    });
    expect(refused.receiver.deliveries).toEqual([]);
  });

  it("[HOOK-10] a lost answer comes again, and nothing is sent before the turn has ended", async () => {
    const { receiver, one } = world();
    expect(await one.post(reply("Not yet"))).toMatchObject({ kind: "shown" });
    expect(receiver.deliveries).toEqual([]);
    receiver.next("drop_response");
    expect(await one.post(whole("Done."))).toMatchObject({ kind: "retry" });
    expect(await one.post(whole("Done."))).toMatchObject({ kind: "shown" });
    expect(receiver.accepted).toHaveLength(1);
  });

  it.each([
    ["120", 120_000],
    ["0.5", 500],
    ["0", undefined],
    ["-5", undefined],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
    ["999999", 36_000_000],
    [new Date(nowMs + 90_000).toUTCString(), 90_000],
    [new Date(nowMs - 90_000).toUTCString(), undefined],
  ])("[HOOK-10] Retry-After %j waits %j ms", (header, ms) => {
    expect(waitOf(header, nowMs)).toBe(ms);
  });
});

import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { deadlineMs } from "../../src/core/next-step.ts";
import { expiryDueMs, expiryOf, graceMs } from "../../src/session/expiry.ts";
import { user } from "../support/entries.ts";
import { calls, gated, text } from "../support/fake-provider.ts";
import { SessionWorld, skipTime, startProvider } from "../support/session-world.ts";
import { storesNothing } from "../support/stores-nothing.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;
beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const day = 86_400_000;
const expiresAtMs = async () => unwrap(await world.stub.describe()).expiresAtMs ?? 0;
const exists = async () => (await world.stub.describe()).ok;
const owe = (url: string) => ({ replyTo: { channel: "callback", url } as const });

describe("a session's life", () => {
  const table: [string, number | null, boolean, number, string, number | undefined][] = [
    ["for ever", null, true, 1e15, "lives", undefined],
    ["before its end", 1_000, true, 999, "lives", 1_000],
    ["at its end", 1_000, false, 1_000, "erase", 1_000],
    ["at its end, with work", 1_000, true, 1_000, "waits", 1_000 + graceMs],
    ["after the grace", 1_000, true, 1_000 + graceMs, "stop", 1_000 + 2 * graceMs],
    ["after all grace", 1_000, true, 1_000 + 2 * graceMs, "erase", 1_000 + 2 * graceMs],
  ];
  it.each(table)("[KEEP-3] %s", (_what, expiresAt, owes, nowMs, expected, due) => {
    const facts = { expiresAtMs: expiresAt, owes };
    expect([expiryOf(facts, nowMs), expiryDueMs(facts, nowMs)]).toEqual([expected, due]);
  });

  it("[KEEP-4] counts from the last use, not from the first", async () => {
    unwrap(await world.stub.create(world.address, { ttlSeconds: 3 * 86_400 }));
    for (let n = 0; n < 3; n++) {
      provider.enqueue(text("Yes."));
      skipTime(2.9 * day);
      await world.ask("Still there?");
      expect((await expiresAtMs()) - Date.now()).toBeGreaterThan(3 * day - 60_000);
    }
    skipTime(3.1 * day);
    // The account may have to be told of the last turn first.
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(world.stub);
      expect(await exists()).toBe(false);
    });
  });

  it("[KEEP-3] does not end under a turn that runs: it is finished, and the session lives on from there", async () => {
    unwrap(await world.stub.create(world.address, { ttlSeconds: 60 }));
    const gate = gated("half ", "whole");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    skipTime(61_000);
    await runDurableObjectAlarm(world.stub);
    gate.release();
    expect((await world.ended(turn)).ended.reason).toBe("completed");
    expect(await expiresAtMs()).toBeGreaterThan(Date.now());
  });

  it("[KEEP-3] does not end while an answer is owed: it is delivered first", async () => {
    unwrap(await world.stub.create(world.address, { ttlSeconds: 60 }));
    provider.outside.mockImplementationOnce(
      async () => new Response("later", { status: 503, headers: { "Retry-After": "600" } }),
    );
    provider.enqueue(text("Here."));
    const message = { content: "Hi", options: {} };
    const more = owe("https://hooks.example.com/hook");
    const sent = await world.submit({ messages: [message], ...more });
    await world.ended(sent.turn);
    await vi.waitFor(() => expect(provider.outside).toHaveBeenCalledTimes(1));
    skipTime(61_000);
    await runDurableObjectAlarm(world.stub);
    expect(await exists()).toBe(true);
    skipTime(3_600_000);
    await runDurableObjectAlarm(world.stub);
    await vi.waitFor(() => expect(provider.outside).toHaveBeenCalledTimes(2));
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(world.stub);
      expect(await exists()).toBe(false);
    });
  });

  it("[KEEP-3] ends what waits too long visibly: each turn gets its outcome and its callback before the session goes", async () => {
    unwrap(await world.stub.create(world.address, { ttlSeconds: 60 }));
    provider.enqueue(
      calls([{ name: "send_request", arguments: '{"url":"https://a.example/","method":"POST","body":"x"}' }]),
    );
    const message = { content: "Order", options: {} };
    const send = (url: string) => world.submit({ messages: [message], ...owe(url) });
    const first = await send("https://hooks.example.com/1");
    await vi.waitFor(async () => expect(unwrap(await world.stub.describe()).status).toBe("waiting"));
    await send("https://hooks.example.com/2");
    skipTime(graceMs + 3_600_000);
    const bodies: string[] = [];
    provider.outside.mockImplementation(async (request) => {
      bodies.push(await request.text());
      return new Response("taken");
    });
    await runDurableObjectAlarm(world.stub);
    expect((await world.ended(first.turn)).ended.reason).toBe("cancelled");
    await vi.waitFor(() => expect(bodies.filter((body) => body.includes("cancelled"))).toHaveLength(2));
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(world.stub);
      expect(await exists()).toBe(false);
    });
  });

  it("[KEEP-3] that is over takes no message, though its alarm is late", async () => {
    unwrap(await world.stub.create(world.address, { ttlSeconds: 60 }));
    skipTime(61_000);
    await world.inside((storage) => storage.deleteAlarm());
    await expect(world.send("Hi")).rejects.toMatchObject({ code: "not_found" });
    expect(provider.requests).toHaveLength(0);
  });
});

describe("an unfinished copy", () => {
  const plan = () => ({ address: world.address, choices: {}, from: { kind: "import", createdAtMs: 1 } }) as const;
  const load = async () => {
    unwrap(await world.stub.copy({ type: "begin", token: "t", plan: plan() }));
    const lines = [{ line: 2, entry: { ...user({ content: "secret words" }), seq: 1 } }];
    unwrap(await world.stub.copy({ type: "load", token: "t", lines }));
  };

  it("[KEEP-1] is removed by an alarm when the instance that made it has died", async () => {
    await load();
    expect(await world.inside((storage) => storage.getAlarm())).toBeGreaterThan(Date.now());
    await abortAllDurableObjects();
    await runDurableObjectAlarm(world.stub);
    expect(await storesNothing(world.stub)).toBe(true);
  });

  it("[KEEP-1] is removed by an alarm when nothing more was heard of it", async () => {
    await load();
    await runDurableObjectAlarm(world.stub);
    expect(await storesNothing(world.stub)).toBe(false);
    const later = Date.now() + 61_000;
    vi.spyOn(Date, "now").mockReturnValue(later);
    await runDurableObjectAlarm(world.stub);
    expect(await storesNothing(world.stub)).toBe(true);
    const more = await world.stub.copy({ type: "load", token: "t", lines: [] });
    expect(more).toMatchObject({ ok: false, code: "conflict" });
  });

  it("[KEEP-1] is reached by DELETE, which says how much it was", async () => {
    await load();
    expect(unwrap(await world.stub.erase(world.address))).toMatchObject({ entries: 1 });
    expect(await storesNothing(world.stub)).toBe(true);
    provider.enqueue(text("Hello."));
    unwrap(await world.stub.create(world.address, {}));
    expect((await world.ask("Hi")).reply?.content).toBe("Hello.");
  });
});

describe("time in which nothing worked", () => {
  const hour = 3_600_000;

  it("[KEEP-6] does not count towards the time that a turn may work", async () => {
    const gate = gated("half ", "never");
    provider.enqueue(gate.reply, text("Done."));
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    await abortAllDurableObjects();
    // The server was down for two hours.
    skipTime(2 * hour);
    await runDurableObjectAlarm(world.stub);
    expect((await world.ended(turn)).ended.reason).toBe("completed");
  });

  it("[KEEP-6] counts only since a person last did something, and work counts on", () => {
    const entries = [{ ...user({ atMs: 1_000 }), seq: 1 }];
    expect(deadlineMs({ entries }, 500)).toBe(1_500);
    expect(deadlineMs({ entries, down: { ms: 9_000, untilMs: 10_000 } }, 500)).toBe(10_500);
    expect(deadlineMs({ entries, down: { ms: 9_000, untilMs: 900 } }, 500)).toBe(1_500);
  });
});

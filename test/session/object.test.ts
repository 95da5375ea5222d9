import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../src/account/account-object.ts";
import { unwrap } from "../../src/account/outcome.ts";
import { AppError } from "../../src/core/errors.ts";
import { SessionLifecycle } from "../../src/session/lifecycle.ts";
import { sessionClass } from "../../src/session/object.ts";
import { SqliteTranscriptLog } from "../../src/session/store/transcript-log.ts";
import { app } from "../app/app.ts";
import { gated, text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider } from "../support/session-world.ts";
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

describe("accepting a message", () => {
  it("[SESSION-1] stores turn, user entry and alarm together", async () => {
    const gate = gated("never seen");
    provider.enqueue(gate.reply);
    const { turn, state } = await world.send("Hello");
    expect([turn, state]).toEqual([
      "turn_1",
      { status: "running", firstSeq: 1, reply: undefined, waitMs: 86_400_000, waitingFor: [], suspended: [] },
    ]);
    expect(await world.entries()).toMatchObject([{ seq: 1, type: "user", content: "Hello" }]);
    expect(await world.inside((storage) => storage.getAlarm())).toBeGreaterThan(Date.now());
    gate.release();
    await world.ended(turn);
  });

  it("[SESSION-1] stores nothing when one of them cannot be stored", async () => {
    unwrap(await world.stub.create(world.address, {}));
    // The last of its rows finds no room.
    const append = vi.spyOn(SqliteTranscriptLog.prototype, "append").mockImplementation(() => {
      throw new Error("no room");
    });
    const receipt = { key: "k1", bodyHash: "aaa" };
    await expect(world.send("Hello", { receipt })).rejects.toThrow("no room");
    append.mockRestore();
    await abortAllDurableObjects();
    expect(await world.entries()).toEqual([]);
    expect(unwrap(await world.stub.newest())).toBeNull();
    expect(await world.inside((storage) => storage.getAlarm())).toBeNull();
    provider.enqueue(text("Hi"));
    // The key is not known either: another message may have it.
    expect((await world.send("Hi", { receipt: { key: "k1", bodyHash: "bbb" } })).turn).toBe("turn_1");
    expect((await world.ended("turn_1")).ended.reason).toBe("completed");
  });

  it("[SESSION-2] the same key with the same body gives the same turn, with another body it is refused", async () => {
    provider.enqueue(text("Hi"));
    const receipt = { key: "k1", bodyHash: "aaa" };
    const { turn } = await world.send("Hello", { receipt });
    expect((await world.send("Hello", { receipt })).turn).toBe(turn);
    await world.ended(turn);
    expect(await world.send("Hello", { receipt })).toMatchObject({ turn, state: { status: "ended" } });
    await expect(world.send("Other", { receipt: { key: "k1", bodyHash: "bbb" } })).rejects.toThrow(
      /Idempotency-Key "k1"/,
    );
    expect(provider.requests.length).toBe(1);
    expect((await world.entries()).map(({ type }) => type)).toEqual(["user", "assistant", "turn_ended"]);
  });

  it("[SESSION-3] runs one turn at a time, in the order of the messages", async () => {
    const gate = gated("one");
    provider.enqueue(gate.reply);
    provider.enqueue(text("two"));
    provider.enqueue(text("three"));
    const sent = [await world.send("1"), await world.send("2"), await world.send("3")];
    expect(sent.map(({ turn, state }) => [turn, state.status])).toEqual([
      ["turn_1", "running"],
      ["turn_2", "queued"],
      ["turn_3", "queued"],
    ]);
    await expect(world.send("4", { onBusy: "reject" })).rejects.toThrow(/A turn is open/);
    gate.release();
    await world.ended("turn_3");
    const told = (await world.entries()).map((entry) => ("content" in entry ? entry.content : entry.type));
    expect(told).toEqual(["1", "one", "turn_ended", "2", "two", "turn_ended", "3", "three", "turn_ended"]);
  });

  it("[SESSION-3] refuses the 101st waiting message and says when to come back", async () => {
    const gate = gated("slow");
    provider.enqueue(gate.reply);
    await world.send("first");
    for (let n = 0; n < 100; n++) await world.send(`waiting ${n}`);
    const refused = await world.send("one too many").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect(refused).toMatchObject({ code: "queue_full", retryAfterSeconds: 10 });
    unwrap(await world.stub.erase());
  });
});

describe("outliving the object", () => {
  it("[SESSION-4] an object that starts again finishes the open turn, and tells readers that the text begins again", async () => {
    const gate = gated("half an ", "answer");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    await abortAllDurableObjects();
    provider.enqueue(text("a whole answer"));
    await runDurableObjectAlarm(world.stub);
    const { ended, reply } = await world.ended(turn);
    expect([ended.reason, reply?.content, reply?.attempt]).toEqual(["completed", "a whole answer", 2]);
    const events = await world.told("live=false&after=2.1.0.7.0");
    expect(events.map(({ event }) => event)).toEqual([
      "step.restarted",
      "text.delta",
      "message.completed",
      "turn.ended",
    ]);
  });

  it("[SESSION-4] waiting messages are begun, too", async () => {
    const gate = gated("x");
    provider.enqueue(gate.reply);
    await world.send("1");
    await world.send("2");
    await abortAllDurableObjects();
    provider.enqueue(text("one"));
    provider.enqueue(text("two"));
    const { reply } = await world.ended("turn_2");
    expect(reply?.content).toBe("two");
  });

  it("[SESSION-5] the alarm is gone when there is no work, and comes back with the next message", async () => {
    provider.enqueue(text("Hi"));
    await world.ask("Hello");
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
    const gate = gated("x");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("again");
    expect(await world.inside((storage) => storage.getAlarm())).not.toBeNull();
    await runDurableObjectAlarm(world.stub);
    expect(await world.inside((storage) => storage.getAlarm())).not.toBeNull();
    gate.release();
    await world.ended(turn);
    expect(provider.requests.length).toBe(2);
  });

  it("[SESSION-5] of turns in quick succession one alarm watches over all, and comes at most once more for nothing", async () => {
    const set = vi.fn();
    await world.inside((storage) => {
      for (const method of ["setAlarm", "deleteAlarm"] as const) {
        const real = storage[method].bind(storage) as (...args: unknown[]) => Promise<void>;
        vi.spyOn(storage, method).mockImplementation(((...args: unknown[]) => {
          set(method);
          return real(...args);
        }) as never);
      }
    });
    for (let n = 0; n < 4; n++) {
      provider.enqueue(text(`${n}`));
      await world.ask("Hello");
    }
    await vi.waitFor(async () => {
      const { sessions } = await accountObject(bindings, "test").listSessions({ limit: 100 });
      expect(sessions.find(({ id }) => id === world.address.name)).toMatchObject({ lastTurn: { turn: "turn_4" } });
    });
    expect(set.mock.calls.length).toBeLessThanOrEqual(5);
    await runDurableObjectAlarm(world.stub);
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
    expect(provider.requests.length).toBe(4);
  });

  it("[SESSION-5] an alarm that meets a fault does not throw", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    provider.enqueue(text("Hi"));
    await world.ask("Hello");
    // The session's own alarm is gone: it would be set, or taken away, in the place of this one.
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
    await world.inside((storage) => storage.setAlarm(Date.now() + 60_000));
    vi.spyOn(SessionLifecycle.prototype, "alarm").mockRejectedValueOnce(new Error("refused on purpose"));
    expect(await runDurableObjectAlarm(world.stub)).toBe(true);
    expect(log).toHaveBeenCalledWith("alarm failed", expect.anything());
  });

  it("[SESSION-10] a session whose time is over erases itself", async () => {
    await world.stub.create(world.address, { ttlSeconds: 60 });
    expect(await world.inside((storage) => storage.getAlarm())).toBeGreaterThan(Date.now() + 50_000);
    skipTime(61_000);
    await runDurableObjectAlarm(world.stub);
    expect(await world.stub.describe()).toMatchObject({ ok: false, code: "not_found" });
  });
});

describe("erasing", () => {
  it("[SESSION-7] leaves no row, no alarm, no index entry, and stops the turn", async () => {
    const gate = gated("x");
    provider.enqueue(gate.reply);
    await world.send("Hello");
    await gate.reached(0);
    const receipt = unwrap(await world.stub.erase());
    expect(receipt).toEqual({ entries: 1, bytes: expect.any(Number) });
    expect(receipt.bytes).toBeGreaterThan(50);
    await gate.cancelled;
    expect(await storesNothing(world.stub)).toBe(true);
    expect(await world.inside((storage) => storage.getAlarm())).toBeNull();
    const { sessions } = await accountObject(bindings, "test").listSessions({ limit: 100 });
    expect(sessions.map(({ id }) => id)).not.toContain(world.address.name);
    expect(await world.stub.describe()).toMatchObject({ ok: false, code: "not_found" });
  });

  it("[SESSION-11] reading about a session that is not there creates nothing", async () => {
    for (const refused of [
      await world.stub.describe(),
      await world.stub.entries({ after: 0, limit: 1 }),
      await world.stub.wait("turn_1", 0),
      await world.stub.cancel(),
      await world.stub.erase(),
    ]) {
      expect(refused).toMatchObject({ ok: false, code: "not_found" });
    }
    expect((await world.events()).status).toBe(404);
    expect(await storesNothing(world.stub)).toBe(true);
    expect(await world.inside((storage) => storage.getAlarm())).toBeNull();
  });
});

describe("an app whose doors make no copies", () => {
  it("[COPY-5] has the steps of one refused, as a newer version's calls are, and nothing stored by them", async () => {
    await runInDurableObject(world.stub, async (_, state) => {
      const Plain = sessionClass({ app, copying: undefined });
      const object = new Plain(state, bindings);
      const refused = { ok: false, code: "unavailable" };
      expect(await object.copyPart({ token: "t", part: 0, text: "a" })).toMatchObject(refused);
      expect(await object.copy({ type: "finish", token: "t" })).toMatchObject(refused);
      expect(await object.isMade()).toBe(false);
    });
    expect(await storesNothing(world.stub)).toBe(true);
  });
});

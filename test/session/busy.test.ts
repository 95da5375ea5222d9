import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { agent } from "../app/agent.ts";
import { calls, gated, text } from "../support/fake-provider.ts";
import { SessionWorld, skipTime, startProvider } from "../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const story = async () => (await world.entries()).map((entry) => ("content" in entry ? entry.content : entry.type));

/** A turn whose answer has begun and goes on when the gate is released. */
async function runningTurn() {
  const gate = gated("one ", "two");
  provider.enqueue(gate.reply);
  const { turn } = await world.send("first");
  await gate.reached(1);
  return { turn, gate };
}

describe("a message that comes while a turn is open", () => {
  it("[BUSY-1] is refused where the sender wants that", async () => {
    const { gate, turn } = await runningTurn();
    await expect(world.send("second", { onBusy: "reject" })).rejects.toThrow(/A turn is open/);
    gate.release();
    await world.ended(turn);
    expect(await story()).toEqual(["first", "one two", "turn_ended"]);
  });

  it("[BUSY-2] joins the turn: it is answered in it, and its sender is told that turn", async () => {
    const { turn, gate } = await runningTurn();
    const joined = await world.send("second", { onBusy: "join", receipt: { key: "k", bodyHash: "h" } });
    expect([joined.turn, joined.state.status]).toEqual([turn, "running"]);
    provider.enqueue(text("both"));
    gate.release();
    await world.ended(turn);
    expect(await story()).toEqual(["first", "one two", "second", "both", "turn_ended"]);
    const again = await world.send("second", { onBusy: "join", receipt: { key: "k", bodyHash: "h" } });
    expect([again.turn, again.state.status]).toEqual([turn, "ended"]);
    const started = (await world.told()).filter(({ event }) => event === "turn.started");
    expect(started).toHaveLength(1);
  });

  it("[BUSY-2] that joined outlives a crash before it was taken in", async () => {
    const { turn } = await runningTurn();
    await world.send("second", { onBusy: "join" });
    await abortAllDurableObjects();
    provider.enqueue(text("again both"));
    await world.ended(turn);
    expect((await story()).filter((each) => each === "second")).toHaveLength(1);
    const last = provider.requests.at(-1)?.body.messages.map(({ content }: { content: string }) => content);
    expect(last).toEqual(expect.arrayContaining(["first", "second"]));
  });

  it("[BUSY-2] that joined a turn which is then cancelled shares its end", async () => {
    const { turn } = await runningTurn();
    await world.send("second", { onBusy: "join" });
    unwrap(await world.stub.cancel());
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
    expect(await story()).toEqual(["first", "one ", "second", "turn_ended"]);
  });

  it("[BUSY-2] with no turn to join begins one", async () => {
    provider.enqueue(text("Hi"));
    const { turn } = await world.send("first", { onBusy: "join" });
    expect((await world.ended(turn)).reply?.content).toBe("Hi");
  });

  it("[BUSY-3] interrupts: the open turn ends with what it had said, and this one goes before all that wait", async () => {
    const { turn, gate } = await runningTurn();
    const queued = await world.send("queued");
    provider.enqueue(text("urgent answer"), text("queued answer"));
    const urgent = await world.send("urgent", { onBusy: "interrupt" });
    await gate.cancelled;
    expect((await world.ended(turn)).ended.reason).toBe("interrupted");
    await world.ended(urgent.turn);
    await world.ended(queued.turn);
    expect(await story()).toEqual([
      "first",
      "one ",
      "turn_ended",
      "urgent",
      "urgent answer",
      "turn_ended",
      "queued",
      "queued answer",
      "turn_ended",
    ]);
  });

  it("[BUSY-4] a cancelled turn that waits in the queue is never begun with the model", async () => {
    const { turn, gate } = await runningTurn();
    const queued = await world.send("queued");
    unwrap(await world.stub.cancel(queued.turn));
    gate.release();
    await world.ended(turn);
    expect((await world.ended(queued.turn)).ended.reason).toBe("cancelled");
    expect(provider.requests).toHaveLength(1);
  });
});

describe("the limits of a turn", () => {
  /** The timer of a turn that may take so long does not come by itself: a slow machine would end the turn before it has begun. */
  function heldClock(limitMs: number): { due(): void } {
    const plain = globalThis.setTimeout;
    const held: { due(): void } = { due: () => {} };
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((work: () => void, ms: number) => {
      if (ms <= limitMs - 100_000 || ms > limitMs) return plain(work, ms);
      held.due = work;
      return plain(() => {}, 0);
    }) as typeof setTimeout);
    return held;
  }

  it("[LIMIT-1] work that takes too long is stopped, and what was said stays", async () => {
    const { turnSeconds } = agent.limits;
    agent.limits.turnSeconds = 4_321;
    const clock = heldClock(4_321_000);
    try {
      const { turn, gate } = await runningTurn();
      skipTime(4_322_000);
      await world.inside(() => clock.due());
      const { ended, reply } = await world.ended(turn);
      expect([ended.reason, ended.failure?.code, reply?.content]).toEqual(["failed", "turn_timeout", "one "]);
      await gate.cancelled;
    } finally {
      agent.limits.turnSeconds = turnSeconds;
    }
  });

  it("[LIMIT-2] a tool that hangs is stopped by a cancel, and the turn ends", async () => {
    provider.outside.mockImplementation(() => new Promise(() => {}));
    provider.enqueue(calls([{ name: "fetch_url", arguments: '{"url":"https://slow.example.org/"}' }]));
    const { turn } = await world.send("Read it");
    // Looked for from here: what waits for a promise of the object's goes on inside it, and ends with it.
    await vi.waitFor(() => expect(provider.outside).toHaveBeenCalled());
    unwrap(await world.stub.cancel());
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
    expect(await story()).toEqual([
      "Read it",
      "",
      expect.stringMatching(/^Stopped while it was running/),
      "turn_ended",
    ]);
  });
});

import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import type { NewEntry } from "../../../src/core/entry.ts";
import { SqliteTranscriptLog } from "../../../src/session/store/transcript-log.ts";
import { crashWhileCancelling, saveEachPiece } from "../../support/crashes.ts";
import { calls, gated, text } from "../../support/fake-provider.ts";
import { SessionWorld, skipTime, startProvider } from "../../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Readers have seen this text. */
const shown = (piece: string) =>
  vi.waitFor(async () => {
    const events = await world.told();
    expect(events.findLast(({ event }) => event === "text.delta")?.data.text).toBe(piece);
  });

describe("the checkpoint of an answer", () => {
  it("[RESUME-2] keeps what was said when the turn is cancelled after a crash", async () => {
    // The gate's last part is not reached by the end of the stream, so the draft stands when the object dies.
    const gate = gated("half an answer", "");
    saveEachPiece();
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    await shown("half an answer");
    await crashWhileCancelling(world, turn);
    const { ended, reply } = await world.ended(turn);
    expect([ended.reason, reply?.content, reply?.finishReason]).toEqual(["cancelled", "half an answer", "cancelled"]);
    expect(provider.requests).toHaveLength(1);
  });

  /** So many crashes cut the answer off, before anything of it came or after something was saved. */
  async function crash(times: number, piece?: string): Promise<void> {
    for (let n = 0; n < times; n++) {
      const before = provider.requests.length;
      provider.enqueue(piece === undefined ? gated("x").reply : gated(piece, "").reply);
      if (before === 0) await world.send("Hello");
      else await runDurableObjectAlarm(world.stub);
      await vi.waitFor(() => expect(provider.requests).toHaveLength(before + 1));
      if (piece !== undefined) await shown(piece);
      await abortAllDurableObjects();
    }
  }

  it("[RESUME-3] counts crashes that brought nothing, and forgets them once something was saved", async () => {
    await crash(9);
    skipTime(301_000);
    saveEachPiece();
    await crash(1, "something");
    await crash(8);
    skipTime(301_000);
    provider.enqueue(text("at last"));
    expect((await world.ended("turn_1")).reply?.content).toBe("at last");
  });

  it("[TURN-12] gives a call up that crashes cut off ten times over five minutes", async () => {
    await crash(10);
    skipTime(301_000);
    const { ended } = await world.ended("turn_1");
    expect([ended.reason, ended.failure?.code]).toEqual(["failed", "internal"]);
    expect(provider.requests).toHaveLength(10);
  });

  it.each([
    [9, 301_000],
    [10, 240_000],
  ])("[TURN-12] but not after %i crashes in %i ms", async (times, ms) => {
    await crash(times);
    skipTime(ms);
    provider.enqueue(text("at last"));
    expect((await world.ended("turn_1")).reply?.content).toBe("at last");
  });
});

describe("a fault of ours in a turn", () => {
  it("[TURN-15] ends it with its cause, with results for all calls, and with what it used", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("never"));
    await world.stub.create(world.address, {});
    const { append } = SqliteTranscriptLog.prototype;
    vi.spyOn(SqliteTranscriptLog.prototype, "append").mockImplementation(function (this: SqliteTranscriptLog, entries) {
      // Results cannot be written: a fault that no model or tool can cause.
      const isResult = (entry: NewEntry) => entry.type === "tool" && !entry.content.includes("Not run");
      if (entries.some(isResult)) throw new Error("refused on purpose");
      return append.call(this, entries);
    });
    const { ended } = await world.ask("1+1?");
    expect([ended.reason, ended.failure?.code, ended.steps, ended.costMicros]).toEqual(["failed", "internal", 1, 26]);
    const types = (await world.entries()).map(({ type }) => type);
    expect(types).toEqual(["user", "assistant", "tool", "turn_ended"]);
    unwrap(await world.stub.describe());
  });
});

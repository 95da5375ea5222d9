import { describe, expect, it } from "vitest";
import { Draft } from "../../../src/core/assemble.ts";
import { Checkpoint } from "../../../src/session/store/checkpoint.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import { SessionWorld } from "../../support/session-world.ts";

const draftOf = (text: string) => {
  const draft = new Draft({ seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" });
  draft.add({ type: "text", text });
  return draft;
};

/** A checkpoint over a database of its own, and how many rows its saves wrote. */
async function withCheckpoint(use: (checkpoint: Checkpoint) => void): Promise<void> {
  const world = new SessionWorld();
  await world.inside((storage) => {
    SessionRecord.create(storage.sql, world.address, {}, 0);
    use(new Checkpoint(storage.sql));
  });
}

describe("the checkpoint", () => {
  it("[RESUME-1] saves a draft once a second, not in its first, and not one with calls", () =>
    withCheckpoint((checkpoint) => {
      checkpoint.begin(2, { atMs: 10_000, again: false });
      checkpoint.save(draftOf("a"), 10_999);
      expect(checkpoint.saved(2)).toBeUndefined();
      checkpoint.save(draftOf("ab"), 11_000);
      checkpoint.save(draftOf("abc"), 11_999);
      expect(checkpoint.saved(2)).toEqual({
        turn: "turn_1",
        step: 1,
        attempt: 1,
        model: "m",
        reasoning: "",
        text: "ab",
      });
      checkpoint.save(draftOf("abcd"), 12_000);
      const calling = draftOf("abcde");
      calling.add({ type: "tool_call", index: 0, id: "c", name: "n", arguments: "" });
      checkpoint.save(calling, 20_000);
      expect(checkpoint.saved(2)?.text).toBe("abcd");
      checkpoint.save(draftOf("x".repeat(600_001)), 30_000);
      expect(checkpoint.saved(2)?.text).toBe("abcd");
      expect(checkpoint.saved(3)).toBeUndefined();
    }));

  it("[COST-5] a call whose place another entry took has no try there, so that no crash is booked for it", () =>
    withCheckpoint((checkpoint) => {
      checkpoint.begin(2, { atMs: 10, again: false });
      checkpoint.save(draftOf("a"), 2_000);
      expect(checkpoint.hasBegun(2)).toBe(true);
      checkpoint.makeRoom(2);
      expect([checkpoint.hasBegun(2), checkpoint.hasBegun(3)]).toEqual([false, false]);
      expect(checkpoint.begin(3, { atMs: 3_000, again: false })).toBe(2);
      expect(checkpoint.hasBegun(3)).toBe(true);
    }));

  it("[RESUME-3] counts the tries that brought nothing, from the first of them", () =>
    withCheckpoint((checkpoint) => {
      expect(checkpoint.begin(2, { atMs: 10, again: false })).toBe(1);
      expect(checkpoint.begin(2, { atMs: 20, again: false })).toBe(2);
      expect(checkpoint.barren(2)).toEqual({ tries: 2, sinceMs: 10 });
      checkpoint.save(draftOf("a"), 2_000);
      expect(checkpoint.barren(2).tries).toBe(0);
      expect(checkpoint.begin(2, { atMs: 3_000, again: false })).toBe(3);
      expect(checkpoint.barren(2)).toEqual({ tries: 1, sinceMs: 3_000 });
      // A try that failed by itself was no crash.
      expect(checkpoint.begin(2, { atMs: 4_000, again: true })).toBe(4);
      expect(checkpoint.barren(2)).toEqual({ tries: 1, sinceMs: 4_000 });
      expect(checkpoint.begin(5, { atMs: 5_000, again: false })).toBe(1);
      expect(checkpoint.barren(5)).toEqual({ tries: 1, sinceMs: 5_000 });
    }));
});

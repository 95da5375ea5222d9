import { describe, expect, it } from "vitest";
import { type TurnEndReason, turnEndReasons } from "../../src/core/entry.ts";
import { claimed, type Pending, unclaimed, withQueued } from "../../src/playground/chat/pending.ts";
import { outcomeOf, outcomes } from "../../src/playground/sessions/outcome.ts";
import type { PageEntry } from "../../src/playground/shell/shapes.ts";

const ended = (reason: TurnEndReason) => ({
  status: "idle" as const,
  last_turn: { turn: "turn_1", reason, ended_at: "" },
});

describe("a session in the list", () => {
  it.each<[TurnEndReason, string]>([
    ["failed", "failed"],
    ["budget_exhausted", "failed"],
    ["cancelled", "stopped"],
    ["interrupted", "stopped"],
    ["length", "waiting"],
    ["step_limit", "waiting"],
    ["completed", "idle"],
  ])("[PAGE-11] whose last turn ended as %s has the colour of %s", (reason, dot) => {
    expect(outcomeOf(ended(reason)).dot).toBe(dot);
    if (dot !== "idle") expect(outcomeOf(ended(reason)).words).not.toBe("idle");
  });

  it("[PAGE-11] shows what it does now before what was, and can be narrowed to each outcome", () => {
    expect(outcomeOf({ ...ended("failed"), status: "running" }).dot).toBe("running");
    expect(outcomeOf({ status: "idle", last_turn: null }).dot).toBe("idle");
    expect(outcomeOf({ status: "idle", broken: "x" }).dot).toBe("failed");
    expect(outcomes.map(([reason]) => reason).toSorted()).toEqual(["", ...turnEndReasons].toSorted());
  });
});

describe("messages that wait when the page is opened", () => {
  const own: Pending = { key: "k", content: "Mine", afterSeq: 1, state: "waiting", turn: "turn_2" };
  const queued = [
    { turn: "turn_2", content: "Mine" },
    { turn: "turn_3", content: "Theirs" },
    { turn: "turn_4", content: "Long", cut: true as const },
  ].map((message) => ({ ...message, created_at: "" }));

  it("[PAGE-12] are shown below the transcript, once, until they are entries", () => {
    const pending = withQueued([own], { queued, last_seq: 4 });
    expect(pending.map(({ content }) => content)).toEqual(["Mine", "Theirs"]);
    expect(withQueued(pending, { queued, last_seq: 4 })).toEqual(pending);
    const begun = { seq: 5, turn: "turn_3", type: "user", message: { role: "user", content: "Theirs" } } as PageEntry;
    expect(unclaimed(claimed(pending, [begun])).map(({ content }) => content)).toEqual(["Mine"]);
  });
});

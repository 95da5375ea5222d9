import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import { loaded } from "../../src/playground/chat/conversation.ts";
import { type ShownTurn, turnsOf } from "../../src/playground/chat/turn-view.ts";
import { comparedFigures } from "../../src/playground/compare/compared-figures.ts";
import { entryJson } from "../../src/wire/native.ts";
import { asking, assistant, ended, result, user } from "../support/entries.ts";

const atMs = 1_700_000_000_000;
const usage = { inputTokens: 100, cachedTokens: 300, outputTokens: 50, reasoningTokens: 0 };

function turnOf(...entries: NewEntry[]): ShownTurn {
  const shown = entries.map((entry, place) => entryJson({ ...entry, seq: place + 1 } as Entry));
  const [view] = turnsOf(loaded(shown));
  if (view === undefined) throw new Error("There is no turn.");
  return view;
}

const first = turnOf(
  user({ agent: "support", agentVersion: "v_1" }),
  asking(["clock", "clock"]),
  result("c0"),
  result("c1", { isError: true }),
  assistant({ step: 2, model: "m", firstEventMs: 40 }),
  ended({ atMs: atMs + 2_000, usage, costMicros: 2_000 }),
);
const differences = (a: ShownTurn, b: ShownTurn) =>
  Object.fromEntries(comparedFigures(a, b).map(({ name, difference }) => [name, difference]));

describe("the figures of two turns", () => {
  it("[PAGE-34] are side by side, with the agents that were called in the cost", () => {
    const children = { count: 1, steps: 2, costMicros: 1_000, ...usage };
    const second = turnOf(
      user({ agent: "support", agentVersion: "v_2" }),
      assistant({ model: "m", firstEventMs: 50 }),
      ended({
        atMs: atMs + 1_500,
        usage: { ...usage, cachedTokens: 100 },
        costMicros: 2_000,
        children,
        reason: "length",
      }),
    );
    const rows = comparedFigures(first, second);
    expect(rows.map(({ name, a, b, difference }) => [name, a, b, difference])).toEqual([
      ["Outcome", "completed", "length", "other"],
      ["Agent", "support", "support", ""],
      ["Version", "v_1", "v_2", "other"],
      ["Model", "m", "m", ""],
      ["Calls", "clock, clock (failed)", "none", "other"],
      ["Time", "2.0 s", "1.5 s", "-25 %"],
      ["First event", "40 ms", "50 ms", "+25 %"],
      ["Cost", "$0.0020", "$0.0030", "+50 %"],
      ["Input tokens", "400", "200", "-50 %"],
      ["Cached", "75 %", "50 %", "other"],
      ["Output tokens", "50", "50", ""],
    ]);
  });

  it("[PAGE-34] of a turn with itself do not differ, and an open or empty one is shown as far as it goes", () => {
    expect(new Set(Object.values(differences(first, first)))).toEqual(new Set([""]));
    const open = turnOf(user());
    expect(comparedFigures(first, open).map(({ b }) => b)).toEqual([
      "open",
      "–",
      "–",
      "",
      "none",
      "–",
      "–",
      "–",
      "–",
      "–",
      "–",
    ]);
    const free = turnOf(user(), assistant(), ended({ costMicros: 0, usage: { ...usage, outputTokens: 0 } }));
    expect(differences(free, first)).toMatchObject({ Cost: "more", "Output tokens": "more" });
    expect(differences(first, free)).toMatchObject({ Cost: "-100 %" });
  });
});

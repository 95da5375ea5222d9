import { describe, expect, it } from "vitest";
import { Draft } from "../../src/core/assemble.ts";
import { formatCursor, type Progress, parseCursor } from "../../src/core/cursor.ts";
import type { AssistantEntry } from "../../src/core/entry.ts";
import { eventsOfDraft, eventsOfEntry, type PlacedEvent } from "../../src/core/event.ts";
import { assistant, call, ended, failed, result, user } from "../support/entries.ts";

const told = (events: PlacedEvent[]) => events.map(({ event, cursor }) => [formatCursor(cursor), event.type]);
const reply = (more: Partial<AssistantEntry> = {}): AssistantEntry => ({
  ...assistant({ reasoning: "hmm", content: "Hello", toolCalls: [call("a"), call("b")], finishReason: "tool_calls" }),
  seq: 4,
  ...more,
});

describe("cursors", () => {
  it.each(["0", "12", "12.1.0.0.0", "12.3.40.118.2"])("[EVENT-1] %s reads back to itself", (id) => {
    const cursor = parseCursor(id);
    expect(cursor && formatCursor(cursor)).toBe(id);
  });

  it.each(["12.1.40.118.0.w0123456789abcd", "12.2.5.0.0.w0123456789abcd.118"])(
    "[CURSOR-4] %s reads back to itself",
    (id) => {
      const cursor = parseCursor(id);
      expect(cursor?.given).toEqual({ units: 118, mark: "0123456789abcd" });
      expect(cursor && formatCursor(cursor)).toBe(id);
    },
  );

  it.each([
    "12.w0123456789abcd",
    "12.1.0.0.0.w",
    "12.1.0.0.0.w0123456789abcde",
    "12.1.0.0.0.w0123456789abcd.",
    "",
    "x",
    "-1",
    "1.2",
    "1.2.3.4",
    "0.1.0.0.0",
    "1.0.0.0.0",
    "1.1.1.1.1.1",
    "1e3",
    " 1",
    "1 ",
    "99999999999999999",
  ])("[EVENT-1] refuses %j", (id) => {
    expect(parseCursor(id)).toBeUndefined();
  });
});

describe("events of entries", () => {
  it("tells a user entry in one event", () => {
    expect(eventsOfEntry({ ...user(), seq: 1 })).toEqual([
      { event: { type: "turn.started", turn: "turn_1", seq: 1 }, cursor: { done: 1 } },
    ]);
  });

  it("[EVENT-10] the begin of a turn names its agent, but not where the entry is of before agents had names", () => {
    const events = (agent?: string) => eventsOfEntry({ ...user(), seq: 1, ...(agent && { agent }) });
    expect(events("support").map(({ event }) => event)).toEqual([
      { type: "turn.started", turn: "turn_1", seq: 1, agent: "support" },
    ]);
    expect(events().map(({ event }) => "agent" in event)).toEqual([false]);
    expect(eventsOfEntry({ ...user(), seq: 2, joined: true, agent: "support" })).toEqual([]);
  });

  it("tells a result and a turn's end in one event each", () => {
    expect(told(eventsOfEntry({ ...result("a"), seq: 5 }))).toEqual([["5", "tool.finished"]]);
    expect(told(eventsOfEntry({ ...ended(), seq: 6 }))).toEqual([["6", "turn.ended"]]);
  });

  it("[EVENT-2] a reader at any id of a reply gets exactly the rest", () => {
    const all = eventsOfEntry(reply());
    expect(told(all)).toEqual([
      ["4.1.0.0.0", "step.started"],
      ["4.1.3.0.0", "reasoning.delta"],
      ["4.1.3.5.0", "text.delta"],
      ["4.1.3.5.1", "tool.called"],
      ["4.1.3.5.2", "tool.called"],
      ["4", "message.completed"],
    ]);
    all.slice(0, -1).forEach(({ cursor }, seen) => {
      expect(eventsOfEntry(reply(), cursor.into)).toEqual(all.slice(seen + 1));
    });
  });

  it("[EVENT-3] the rest from any position concatenates to content and reasoning", () => {
    for (let reasoning = 0; reasoning <= 3; reasoning++) {
      for (let text = 0; text <= 5; text++) {
        const rest = eventsOfEntry(reply(), { attempt: 1, reasoning, text, calls: 0 });
        const join = (type: string) =>
          rest.map(({ event }) => (event.type === type && "text" in event ? event.text : "")).join("");
        expect("hmm".slice(0, reasoning) + join("reasoning.delta")).toBe("hmm");
        expect("Hello".slice(0, text) + join("text.delta")).toBe("Hello");
      }
    }
  });

  it.each([
    ["an earlier attempt", { attempt: 1, reasoning: 1, text: 2, calls: 0 }],
    ["more text than there is", { attempt: 2, reasoning: 3, text: 9, calls: 0 }],
    ["more reasoning than there is", { attempt: 2, reasoning: 9, text: 0, calls: 0 }],
  ] satisfies [string, Progress][])("[EVENT-4] a reader who saw %s is told to begin again", (_, into) => {
    const events = eventsOfEntry(reply({ attempt: 2 }), into);
    expect(told(events).slice(0, 3)).toEqual([
      ["4.2.0.0.0", "step.restarted"],
      ["4.2.3.0.0", "reasoning.delta"],
      ["4.2.3.5.0", "text.delta"],
    ]);
  });

  it("[CURSOR-3] a turn that ends without a reply voids what a reader has of the step, and nothing else", () => {
    const end = { ...ended({ reason: "cancelled", steps: 1 }), seq: 5 };
    expect(told(eventsOfEntry(end, { attempt: 2, reasoning: 0, text: 3, calls: 0 }))).toEqual([
      ["5.3.0.0.0", "step.restarted"],
      ["5", "turn.ended"],
    ]);
    expect(eventsOfEntry(end, { attempt: 2, reasoning: 0, text: 3, calls: 0 })[0]?.event).toMatchObject({ step: 2 });
    expect(told(eventsOfEntry(end, { attempt: 3, reasoning: 0, text: 0, calls: 0 }))).toEqual([["5", "turn.ended"]]);
    expect(told(eventsOfEntry(end))).toEqual([["5", "turn.ended"]]);
  });

  it("[TURN-8] a failed step tells what it had said, then the error", () => {
    expect(told(eventsOfEntry({ ...failed({ content: "half" }), seq: 2 }))).toEqual([
      ["2.1.0.0.0", "step.started"],
      ["2.1.0.4.0", "text.delta"],
      ["2", "error"],
    ]);
  });
});

describe("events of a reply still arriving", () => {
  it("[EVENT-2] go over into those of the entry it becomes, at every cut", () => {
    const draft = new Draft({ seq: 4, turn: "turn_1", step: 1, attempt: 1, model: "m" });
    const seen: PlacedEvent[] = eventsOfDraft(draft);
    for (const text of ["He", "", "l", "lo"]) {
      draft.add({ type: "text", text });
      seen.push(...eventsOfDraft(draft, seen.at(-1)?.cursor.into));
    }
    expect(told(seen)).toEqual([
      ["4.1.0.0.0", "step.started"],
      ["4.1.0.2.0", "text.delta"],
      ["4.1.0.3.0", "text.delta"],
      ["4.1.0.5.0", "text.delta"],
    ]);
    draft.add({ type: "finish", reason: "stop" });
    const entry = { ...draft.finish({ cancelled: false, prices: { hit: 0, miss: 0, output: 0 }, atMs: 1 }), seq: 4 };
    seen.forEach(({ cursor }, index) => {
      const before = seen.slice(0, index + 1).map(({ event }) => (event.type === "text.delta" ? event.text : ""));
      const after = eventsOfEntry(entry, cursor.into).map(({ event }) =>
        event.type === "text.delta" ? event.text : "",
      );
      expect([...before, ...after].join("")).toBe("Hello");
    });
  });
});

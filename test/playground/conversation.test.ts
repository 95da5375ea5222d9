import { describe, expect, it } from "vitest";
import type { Entry as LogEntry, NewEntry } from "../../src/core/entry.ts";
import { eventsOfEntry } from "../../src/core/event.ts";
import {
  emptyConversation,
  isBusy,
  loaded,
  type ShownConversation,
  type ShownEvent,
  withEarlier,
  withEntries,
  withEvent,
  withSaid,
} from "../../src/playground/chat/conversation.ts";
import { type ShownTurn, turnsOf, waitsForPerson } from "../../src/playground/chat/turn-view.ts";
import { entryJson, isNativeEvent, nativeEvent } from "../../src/wire/native.ts";
import { asking, assistant, call, ended, failed, result, user } from "../support/entries.ts";

/** Two turns with everything that can happen: calls, an approval, a denial, a joined message, a failure, a summary. */
const log: LogEntry[] = (
  [
    user({ content: "What time is it?" }),
    asking(["clock", "send"], { reasoning: "Two tools.", waits: { c1: "approval" } }),
    result("c0"),
    { type: "approval", turn: "turn_1", atMs: 1, step: 1, callId: "c1", name: "send", approve: false, reason: "No." },
    result("c1", { name: "send", content: "Denied.", isError: true }),
    user({ content: "And in Rome?", joined: true }),
    assistant({
      step: 2,
      content: "**Noon**",
      reasoning: "Now I know.",
      durationMs: 40,
      firstEventMs: 7,
      toolCalls: [call("c0")],
    }),
    result("c0", { step: 2, repairs: ["a comma"] }),
    assistant({ step: 3, attempt: 2, content: "Both noon.", tries: [] }),
    ended(),
    user({ turn: "turn_2", content: "Again" }),
    failed({ turn: "turn_2", content: "half" }),
    ended({
      turn: "turn_2",
      reason: "failed",
      failure: { code: "model_stalled", detail: "It went silent.", retryable: true },
    }),
  ] as NewEntry[]
).map((entry, place) => ({ ...entry, seq: place + 1 }) as LogEntry);
const entries = log.map((entry) => entryJson(entry));
/** Each event, and how many entries are recorded when it is told. */
const events = log.flatMap((entry) =>
  eventsOfEntry(entry).flatMap(({ event }) =>
    isNativeEvent(event) ? [{ event: nativeEvent(event) as ShownEvent, recorded: entry.seq }] : [],
  ),
);
const upTo = (seq: number) => entries.slice(0, seq);
const tellAll = (known: ShownConversation, some: typeof events) =>
  some.reduce((now, { event }) => withEvent(now, event), known);
const whole = turnsOf(loaded(entries));

/** What events tell as well: everything but what people said, their answers, and facts of record. */
function told(views: ShownTurn[]) {
  return views.map(({ turn, items, end }) => ({
    turn,
    end,
    replies: items.flatMap((item) =>
      item.kind === "reply"
        ? [
            {
              step: item.step,
              text: item.text,
              calls: item.calls.map(({ id, name, arguments: text, state, result }) => ({
                id,
                name,
                text,
                state,
                result,
              })),
              failure: item.failure?.code,
            },
          ]
        : [],
    ),
  }));
}

describe("the page's view of a session", () => {
  it("[PAGE-1] is the same from the entries and from the events", () => {
    const live = tellAll(emptyConversation, events);
    expect(told(turnsOf(live))).toEqual(told(whole));
    expect(turnsOf(withEntries(live, entries))).toEqual(whole);
    expect(whole[0]?.items.map(({ kind }) => kind)).toEqual(["user", "reply", "user", "reply", "reply"]);
  });

  it("[PAGE-1] is the same when the page is opened at any entry and the events go on from there", () => {
    for (let seq = 0; seq <= entries.length; seq++) {
      const rest = events.filter(({ recorded }) => recorded > seq);
      const opened = tellAll(loaded(upTo(seq)), rest);
      expect(told(turnsOf(opened)), `opened at ${seq}`).toEqual(told(whole));
      expect(turnsOf(withEntries(opened, entries.slice(seq)))).toEqual(whole);
    }
  });

  it("[PAGE-1] is the same wherever entries come between the events, early or late, and however often", () => {
    for (let cut = 0; cut <= events.length; cut++) {
      for (const ahead of [0, 1, 2, entries.length]) {
        const recorded = (events[cut - 1]?.recorded ?? 0) + ahead;
        const before = tellAll(emptyConversation, events.slice(0, cut));
        const filled = withEntries(withEntries(before, upTo(recorded)), upTo(recorded));
        const after = tellAll(filled, events.slice(cut));
        expect(told(turnsOf(after)), `cut at ${cut}, ${ahead} ahead`).toEqual(told(whole));
        expect(turnsOf(withEntries(after, entries))).toEqual(whole);
      }
    }
  });

  it("[PAGE-2] shows a reply while it grows, and nothing of an attempt that was begun again", () => {
    const begun = tellAll(loaded(upTo(1)), [
      { recorded: 1, event: { event: "step.started", data: { step: 1, model: "m", attempt: 1 } } },
      { recorded: 1, event: { event: "reasoning.delta", data: { text: "Hm" } } },
      { recorded: 1, event: { event: "text.delta", data: { text: "Wrong " } } },
    ]);
    expect(turnsOf(begun)[0]?.items[1]).toMatchObject({ text: "Wrong ", reasoning: "Hm", growing: true, step: 1 });
    expect(isBusy(begun)).toBe(true);
    const again = tellAll(begun, [
      { recorded: 1, event: { event: "step.restarted", data: { step: 1, attempt: 2, reason: "It was cut off." } } },
      { recorded: 1, event: { event: "text.delta", data: { text: "Right" } } },
    ]);
    expect(turnsOf(again)[0]?.items).toHaveLength(2);
    expect(turnsOf(again)[0]?.items[1]).toMatchObject({
      text: "Right",
      reasoning: "",
      restartedBecause: "It was cut off.",
    });
  });

  it("[PAGE-2] a late event about what the transcript has already changes nothing", () => {
    const full = loaded(entries);
    for (let count = 0; count <= events.length; count++)
      expect(turnsOf(tellAll(full, events.slice(0, count)))).toEqual(whole);
    expect(isBusy(full)).toBe(false);
  });

  it("[PAGE-7] shows what this page said as soon as its turn begins, before the entry is read", () => {
    const begun = withEvent(emptyConversation, { event: "turn.started", data: { turn: "turn_1", seq: 1 } });
    expect(turnsOf(begun)[0]?.items[0]).toEqual({ kind: "user", seq: 1, joined: false });
    const said = withSaid(begun, "turn_1", "What time is it?");
    expect(turnsOf(said)[0]?.items[0]).toMatchObject({ seq: 1, content: "What time is it?" });
    expect(withSaid(said, "turn_1", "Other")).toBe(said);
    expect(turnsOf(withEntries(said, entries))).toEqual(whole);
  });

  it("[PAGE-3] tells of each call how it stands: running, waiting, answered, done", () => {
    const calls = (seq: number) => {
      const reply = turnsOf(loaded(upTo(seq)))[0]?.items.find((item) => item.kind === "reply");
      return reply?.kind === "reply" ? reply.calls.map(({ state }) => state) : [];
    };
    expect([2, 3, 4, 5].map(calls)).toEqual([
      ["running", "approval"],
      ["done", "approval"],
      ["done", "running"],
      ["done", "failed"],
    ]);
    expect(waitsForPerson(turnsOf(loaded(upTo(3)))[0] as ShownTurn)).toBe(true);
    const reply = whole[0]?.items[1];
    expect(reply?.kind === "reply" && reply.calls[1]?.answer).toEqual({ approve: false, reason: "No." });
    const second = whole[0]?.items[3];
    expect(second?.kind === "reply" && second.calls[0]?.repairs).toEqual(["a comma"]);
  });

  it("[PAGE-4] turns that have not changed are the same objects, and older entries come in front", () => {
    const more = turnsOf(withEarlier(loaded(entries.slice(10)), upTo(10)), whole);
    expect(more[0]).toBe(whole[0]);
    expect(more).toEqual(whole);
    const late = turnsOf(loaded(entries.slice(7)));
    expect(late[0]?.items.map(({ kind }) => kind)).toEqual(["reply"]);
    expect(late[0]?.durationMs).toBeUndefined();
  });
});

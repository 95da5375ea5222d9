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
  withSuspended,
} from "../../src/playground/chat/conversation.ts";
import { type ShownTurn, turnsOf, waitsForPerson, waitsForStep } from "../../src/playground/chat/turn-view.ts";
import { entryJson } from "../../src/wire/native.ts";
import { isNativeEvent, nativeEvent } from "../../src/wire/native-events.ts";
import { asking, assistant, call, ended, failed, result, user } from "../support/entries.ts";

const of3 = { turn: "turn_3" };
const usage = { inputTokens: 10, cachedTokens: 4, outputTokens: 6, reasoningTokens: 2 };
const child = { session: "s-child", agent: "researcher" };

/** Turns with everything that can happen: calls, an approval, a denial, a joined message, a failure, an agent that was called. */
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
    user({ ...of3, content: "Have it found out" }),
    asking(["agents", "clock"], { ...of3, waits: { c0: "agent" }, children: { c0: child } }),
    result("c1", of3),
    { type: "approval", ...of3, atMs: 1, step: 1, callId: "r1", name: "send", approve: true, child: "s-child" },
    result("c0", {
      ...of3,
      name: "agents",
      content: "Found.",
      child: { ...child, reason: "completed", usage, steps: 2, costMicros: 7 },
    }),
    assistant({ ...of3, step: 2, content: "It is found." }),
    ended({
      ...of3,
      children: { count: 1, steps: 2, costMicros: 7, ...usage },
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
  return views.map(({ turn, items, end: { children: _, ...end } = { reason: "" } }) => ({
    turn,
    end,
    replies: items.flatMap((item) =>
      item.kind === "reply"
        ? [
            {
              step: item.step,
              text: item.text,
              calls: item.calls.map(({ id, name, arguments: text, state, result, child }) => {
                // Answers are entries alone.
                return { id, name, text, state, result, child: child && { ...child, asks: [] } };
              }),
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

  const askedBy = (session: string, id = "r1"): ShownEvent => {
    const data = { call_id: id, name: "send", arguments: '{"to":1}', session, agent: "researcher" };
    return { event: "tool.approval_required", data };
  };
  const seqOf3 = log.findIndex(({ turn, type }) => turn === "turn_3" && type === "assistant") + 1;
  const cardsOf = (known: ShownConversation) => {
    const reply = turnsOf(known)
      .at(-1)
      ?.items.find(({ kind }) => kind === "reply");
    return reply?.kind === "reply" ? reply.calls.map(({ child, progress }) => ({ ...child, progress })) : [];
  };

  it("[PAGE-28] shows the agent that works at a call, how far it is, what it asks of a person, and how it ended", () => {
    const working = loaded(upTo(seqOf3));
    expect(cardsOf(working)[0]).toMatchObject({ ...child, asks: [] });
    const far: ShownEvent = { event: "agent.progress", data: { call_id: "c0", ...child, text: "reads" } };
    const asking = [far, askedBy("s-child"), askedBy("s-child")].reduce(withEvent, working);
    const ask = { id: "r1", name: "send", arguments: '{"to":1}' };
    expect(cardsOf(asking)[0]).toEqual({ ...child, progress: "reads", asks: [ask] });
    expect(turnsOf(asking).map(waitsForPerson)).toEqual([false, false, true]);
    // What is asked in another session is no question of this card.
    expect(cardsOf(withEvent(working, askedBy("s-other")))[0]?.asks).toEqual([]);
    const answered = withEntries(asking, entries.slice(seqOf3, seqOf3 + 2));
    expect(cardsOf(answered)[0]?.asks).toEqual([{ id: "r1", name: "send", answer: { approve: true } }]);
    expect(turnsOf(answered).some(waitsForPerson)).toBe(false);
    // It was sent once more, by a line that came back late.
    expect(cardsOf(withEvent(answered, askedBy("s-child")))).toEqual(cardsOf(answered));
    const over = cardsOf(withEntries(answered, entries))[0];
    expect(over).toMatchObject({ reason: "completed", costMicros: 7, asks: [{ answer: { approve: true } }] });
    expect(turnsOf(loaded(entries)).at(-1)?.end?.children).toEqual({ count: 1, costMicros: 7 });
  });

  it("[PAGE-28] a question is over with its turn", () => {
    const asking = withEvent(loaded(upTo(seqOf3)), askedBy("s-child"));
    const over = withEntries(asking, [{ ...entries.at(-1), seq: seqOf3 + 1 } as (typeof entries)[number]]);
    expect(turnsOf(over).some(waitsForPerson)).toBe(false);
    expect(withEvent(over, askedBy("s-child")).reported).toEqual([]);
  });

  const waits = [{ name: "shipped:17", kind: "signal" as const, until: "2026-12-24T12:00:00.000Z" }];
  const suspended = (call_id: string): ShownEvent => ({
    event: "tool.waiting",
    data: { call_id, name: "clock", waits },
  });
  const callsOf = (known: ShownConversation) =>
    turnsOf(known).flatMap(({ items }) => items.flatMap((item) => (item.kind === "reply" ? item.calls : [])));

  it("[PAGE-32] a call is suspended until it goes on, reports how far it is, has its result, or its turn is over", () => {
    const running = loaded(upTo(2));
    const waiting = withEvent(running, suspended("c0"));
    expect(callsOf(waiting)[0]).toMatchObject({ id: "c0", state: "suspended", waits });
    expect(turnsOf(waiting).map(waitsForStep)).toEqual([true]);
    expect(isBusy(waiting)).toBe(true);
    // A line that comes back brings it once more.
    expect(callsOf(withEvent(waiting, suspended("c0")))).toEqual(callsOf(waiting));
    const later = [{ ...waits[0], name: "paid" }] as typeof waits;
    const other = { event: "tool.waiting", data: { call_id: "c0", name: "clock", waits: later } } as const;
    expect(callsOf(withEvent(waiting, other))[0]?.waits).toEqual(later);
    const data = { call_id: "c0", name: "clock", text: "paid" };
    const working = withEvent(waiting, { event: "tool.progress", data });
    expect(callsOf(working)[0]).toMatchObject({ state: "running", progress: "paid" });
    const again = withEvent(working, suspended("c0"));
    expect(callsOf(again)[0]).toMatchObject({ state: "suspended", progress: "paid" });
    const resumed: ShownEvent = { event: "tool.waiting", data: { call_id: "c0", name: "clock", waits: [] } };
    for (const known of [again, running, working]) {
      expect(callsOf(withEvent(known, resumed))[0]).toMatchObject({ state: "running" });
    }
    expect(withEvent(again, resumed).reported).toEqual(working.reported);
    const finished = { call_id: "c0", name: "clock", content: "12:00", is_error: false };
    for (const over of [withEvent(again, { event: "tool.finished", data: finished }), withEntries(again, upTo(3))]) {
      expect(callsOf(over)[0]).toMatchObject({ state: "done", result: "12:00" });
      expect(callsOf(withEvent(over, suspended("c0")))).toEqual(callsOf(over));
      expect(turnsOf(over).some(waitsForStep)).toBe(false);
    }
    const ended = withEntries(again, [{ ...entries.at(-1), turn: "turn_1", seq: 3 } as (typeof entries)[number]]);
    expect(callsOf(ended)[0]?.state).toBe("open");
    expect(withEvent(ended, suspended("c0")).reported).toEqual([]);
  });

  it("[PAGE-32] a turn of which another call runs is not shown as waiting for a step", () => {
    const asked = { event: "tool.waiting", data: { call_id: "c1", name: "clock", waits } } as const;
    // The agent at c0 works.
    const waiting = withEvent(loaded(upTo(seqOf3)), asked);
    expect(callsOf(waiting).find(({ state }) => state === "suspended")?.id).toBe("c1");
    expect(turnsOf(waiting).at(-1)).toSatisfy((turn: ShownTurn) => !waitsForStep(turn));
    // A view that follows no events has it from the turn.
    expect(callsOf(withSuspended(loaded(upTo(seqOf3)), [{ call_id: "c1", waits }]))).toEqual(callsOf(waiting));
  });

  it("[PAGE-29] what has not changed is the same object after each delta, entry and event, in the turn that grows too", () => {
    const live = { ...emptyConversation, entries: upTo(entries.length - 1) };
    let before = turnsOf({ ...live, at: { turn: "turn_3", step: 3, attempt: 1, model: "m" } });
    let known = withEvent(
      { ...live, at: { turn: "turn_3", step: 2, attempt: 1, model: "m" } },
      { event: "step.started", data: { step: 3, model: "m", attempt: 1 } },
    );
    for (const text of ["one ", "two ", "three"]) {
      known = withEvent(known, { event: "text.delta", data: { text } });
      const now = turnsOf(known, before);
      expect(now.slice(0, 2)).toEqual(before.slice(0, 2));
      for (const place of [0, 1]) expect(now[place]).toBe(before[place]);
      const items = now[2]?.items ?? [];
      expect(items.at(-1)).toMatchObject({ growing: true });
      for (const [place, item] of items.slice(0, -1).entries()) expect(item).toBe(before[2]?.items[place]);
      before = now;
    }
    const ended = turnsOf(withEntries(known, entries), before);
    expect(ended[2]?.items[0]).toBe(before[2]?.items[0]);
    expect(turnsOf(withEntries(known, entries), ended).every((view, place) => view === ended[place])).toBe(true);
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
    const begun = withEvent(emptyConversation, {
      event: "turn.started",
      data: { turn: "turn_1", seq: 1, agent: "support" },
    });
    expect(begun.reported[0]).toMatchObject({ type: "user", turn: "turn_1", agent: "support" });
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

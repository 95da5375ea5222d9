/** What the page knows of a session: the entries it has read, and what later events added. Pure: entries and events in, the same conversation out, in whichever order the two arrive. */
import type { EventJson } from "../../wire/event-shapes.ts";
import type { MessageJson, ToolCallJson } from "../../wire/shapes.ts";
import type { PageEntry } from "../shell/shapes.ts";

/** One event of `GET …/events`, by its name. */
export type ShownEvent = { [T in EventJson["type"]]: { event: T; data: EventData<T> } }[EventJson["type"]];

type EventData<T extends EventJson["type"]> = Omit<Extract<EventJson, { type: T }>, "type">;

/** A reply that is still arriving. */
export interface ShownDraft {
  turn: string;
  step: number;
  attempt: number;
  model: string;
  reasoning: string;
  text: string;
  calls: ToolCallJson[];
  waits: Record<string, "approval">;
  /** Which agent works at a call, in which session. */
  children: Record<string, { session: string; agent: string }>;
  /** Why what was shown of an earlier attempt is gone. */
  restartedBecause?: string;
}

export interface ShownConversation {
  /** In order and without gaps; the first one need not be the session's first. */
  entries: readonly PageEntry[];
  /** What events reported and `entries` does not have yet, as entries without all their facts. */
  reported: readonly PageEntry[];
  draft?: ShownDraft;
  /** How the agent that worked at a call ended: the call's result is the next event. */
  finished?: EventData<"agent.finished">;
  /** The step that the stream of events is in. */
  at: { turn: string; step: number; attempt: number; model: string };
}

export const emptyConversation: ShownConversation = {
  entries: [],
  reported: [],
  at: { turn: "", step: 0, attempt: 1, model: "" },
};

/** The newest entry that was read; 0 before any. */
export function lastSeqOf({ entries }: ShownConversation): number {
  return entries.at(-1)?.seq ?? 0;
}

/** The conversation as it was when the page was opened. Events go on after the last of these. */
export function loaded(entries: readonly PageEntry[]): ShownConversation {
  const last = entries.at(-1);
  if (last === undefined || last.type === "turn_ended") return { ...emptyConversation, entries };
  const reply = entries.findLast(({ type, turn }) => turn === last.turn && isReply(type));
  const { step = 0, attempt = 1, model = "" } = reply ?? {};
  return { entries, reported: [], at: { turn: last.turn, step, attempt, model } };
}

/** Older entries, which end where the known ones begin. */
export function withEarlier(known: ShownConversation, older: readonly PageEntry[]): ShownConversation {
  return { ...known, entries: [...older, ...known.entries] };
}

/** Newer entries: they replace what events reported of them. */
export function withEntries(known: ShownConversation, newer: readonly PageEntry[]): ShownConversation {
  const lastSeq = lastSeqOf(known);
  const added = newer.filter(({ seq }) => seq > lastSeq);
  if (added.length === 0) return known;
  const entries = [...known.entries, ...added];
  const reported = known.reported.filter((entry) => !isRecorded(entries, entry));
  const { draft, ...rest } = known;
  return { ...rest, entries, reported, ...(draft && !isOver(entries, draft) && { draft }) };
}

/** One event further. Events about what `entries` has already change nothing. */
export function withEvent(known: ShownConversation, { event, data }: ShownEvent): ShownConversation {
  const { draft, ...rest } = known;
  switch (event) {
    case "turn.started": {
      const at = { ...emptyConversation.at, turn: data.turn };
      return addReported({ ...rest, at }, { ...data, type: "user", created_at: "" });
    }
    case "step.started":
      return begin({ ...rest, at: { turn: known.at.turn, step: data.step, attempt: data.attempt, model: data.model } });
    case "step.restarted": {
      const { step, attempt, reason } = data;
      return begin({ ...rest, at: { ...known.at, step, attempt } }, reason);
    }
    case "reasoning.delta":
      return draft ? { ...rest, draft: { ...draft, reasoning: draft.reasoning + data.text } } : known;
    case "text.delta":
      return draft ? { ...rest, draft: { ...draft, text: draft.text + data.text } } : known;
    case "tool.called": {
      const call: ToolCallJson = { id: data.call_id, type: "function", function: data };
      return draft ? { ...rest, draft: { ...draft, calls: [...draft.calls, call] } } : known;
    }
    case "tool.approval_required":
      if (data.session !== undefined) return addReported(known, { ...placed(known), ...askOf(data) });
      return draft ? { ...rest, draft: { ...draft, waits: { ...draft.waits, [data.call_id]: "approval" } } } : known;
    case "agent.started": {
      const { call_id, session, agent } = data;
      return draft
        ? { ...rest, draft: { ...draft, children: { ...draft.children, [call_id]: { session, agent } } } }
        : known;
    }
    case "agent.finished":
      return { ...known, finished: data };
    case "tool.finished": {
      const result = { ...placed(known), type: "tool" as const, message: resultOf(data), ...outcomeOf(known, data) };
      return addReported(without("suspended", known, data.call_id), result);
    }
    case "agent.progress":
    case "tool.progress":
      // A call that reports how far it is waits no more.
      return addReported(without("progress", without("suspended", known, data.call_id), data.call_id), {
        ...placed(known),
        type: "progress",
        message: farOf(data),
      });
    case "tool.waiting": {
      const { call_id, waits: steps } = data;
      const going = without("suspended", known, call_id);
      return steps.length === 0 ? going : addReported(going, { ...placed(known), type: "suspended", call_id, steps });
    }
    case "message.completed": {
      const { waits = {}, children = {} } = draft ?? {};
      return addReported(rest, { ...placed(known), ...data, type: "assistant", ...filled({ waits, children }) });
    }
    case "error":
      return addReported(rest, { ...placed(known), type: "step_failed", error: data, partial: draft?.text ?? "" });
    case "turn.ended":
      return addReported(rest, { ...placed(known), ...data, type: "turn_ended" });
    default:
      return known;
  }
}

/** The message that this page itself sent in a turn that has just begun: no event reports it. */
export function withSaid(known: ShownConversation, turn: string, content: string): ShownConversation {
  const silent = (entry: PageEntry) => entry.type === "user" && entry.turn === turn && entry.message === undefined;
  if (!known.reported.some(silent)) return known;
  const message: MessageJson = { role: "user", content };
  return { ...known, reported: known.reported.map((entry) => (silent(entry) ? { ...entry, message } : entry)) };
}

/** Calls that wait, as the turn itself says it: for a view that follows no events. */
export function withSuspended(
  known: ShownConversation,
  calls: readonly Omit<EventData<"tool.waiting">, "name">[],
): ShownConversation {
  return calls.reduce((now, data) => withEvent(now, { event: "tool.waiting", data: { name: "", ...data } }), known);
}

/** Whether the newest turn has not ended. */
export function isBusy({ entries, reported, draft }: ShownConversation): boolean {
  const last = reported.at(-1) ?? entries.at(-1);
  return draft !== undefined || (last !== undefined && last.type !== "turn_ended");
}

function begin(known: ShownConversation, restartedBecause?: string): ShownConversation {
  if (isOver(known.entries, known.at) || isOver(known.reported, known.at)) return known;
  const empty = { reasoning: "", text: "", calls: [], waits: {}, children: {} };
  return { ...known, draft: { ...known.at, ...empty, ...(restartedBecause !== undefined && { restartedBecause }) } };
}

/** The number is not known from every event; no code relies on it before the entry itself has come. */
function placed({ at, entries, reported }: ShownConversation) {
  const seq = (reported.at(-1)?.seq ?? entries.at(-1)?.seq ?? 0) + 1;
  return { seq, ...at, created_at: "" };
}

function resultOf({
  call_id,
  name,
  content,
  is_error,
}: {
  call_id: string;
  name: string;
  content: string;
  is_error: boolean;
}): MessageJson {
  return { role: "tool", tool_call_id: call_id, name, content, is_error };
}

function farOf({ call_id, text }: { call_id: string; text: string }): MessageJson {
  return { role: "tool", tool_call_id: call_id, content: text, is_error: false };
}

/** A question of an agent that was called. It has no entry before it is answered. */
function askOf({ call_id, name, arguments: text, session = "" }: EventData<"tool.approval_required">) {
  const call: ToolCallJson = { id: call_id, type: "function", function: { name, arguments: text } };
  const message: MessageJson = { role: "assistant", content: "", tool_calls: [call] };
  return { type: "asked" as const, call_id, message, child: session };
}

/** The agent that gave a result. */
function outcomeOf({ finished }: ShownConversation, { call_id }: { call_id: string }): Pick<PageEntry, "child"> {
  if (finished?.call_id !== call_id) return {};
  const { session, agent, reason, cost_micros } = finished;
  return { child: { session, agent, reason, cost_micros } };
}

/** Those that have something in them. */
function filled<T extends Record<string, object>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => Object.keys(value).length > 0)) as Partial<T>;
}

/** Of what events alone report of a call only the newest is kept. */
function without(type: "progress" | "suspended", known: ShownConversation, id: string): ShownConversation {
  const reported = known.reported.filter((entry) => entry.type !== type || callOf(entry) !== id);
  return reported.length === known.reported.length ? known : { ...known, reported };
}

function addReported(known: ShownConversation, entry: PageEntry): ShownConversation {
  if (isRecorded(known.entries, entry) || isRecorded(known.reported, entry)) return known;
  return { ...known, reported: [...known.reported, entry] };
}

function callOf({ call_id, message }: PageEntry): string | undefined {
  return message?.tool_call_id ?? call_id;
}

function isAsk(type: PageEntry["type"]): boolean {
  return type === "asked" || type === "approval";
}

function isReply(type: PageEntry["type"]): boolean {
  return type === "assistant" || type === "step_failed";
}

function hasReply(entries: readonly PageEntry[], { turn, step = 0 }: Pick<PageEntry, "turn" | "step">): boolean {
  return entries.some((entry) => entry.turn === turn && isReply(entry.type) && (entry.step ?? 0) >= step);
}

/** Whether nothing will come of this step any more. */
function isOver(entries: readonly PageEntry[], at: { turn: string; step: number }): boolean {
  return hasReply(entries, at) || entries.some(({ type, turn }) => type === "turn_ended" && turn === at.turn);
}

/** Entries are distinguished by their subject, since not every event names their number. */
function isRecorded(entries: readonly PageEntry[], reported: PageEntry): boolean {
  switch (reported.type) {
    case "assistant":
    case "step_failed":
      return hasReply(entries, reported);
    // How a call is doing is of no use once it has a result, or its turn is over.
    case "progress":
    case "suspended":
    case "tool": {
      const id = callOf(reported);
      return entries.some(
        ({ type, turn, step, message }) =>
          turn === reported.turn &&
          ((type === "turn_ended" && reported.type !== "tool") ||
            (type === "tool" && step === reported.step && message?.tool_call_id === id)),
      );
    }
    case "asked":
      return entries.some(
        ({ type, turn, call_id }) =>
          turn === reported.turn && (type === "turn_ended" || (isAsk(type) && call_id === reported.call_id)),
      );
    default:
      return entries.some(({ type, turn }) => type === reported.type && turn === reported.turn);
  }
}

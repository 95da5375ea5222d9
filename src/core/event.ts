/** Makes the events that a client sees of a session: the same events from the log and from a reply that is still arriving. Dialects only encode them. */
import type { Draft } from "./assemble.ts";
import type { Usage } from "./cost.ts";
import type { Cursor, Progress } from "./cursor.ts";
import { defined } from "./defined.ts";
import type {
  AssistantEntry,
  ChildOutcome,
  ChildSession,
  Entry,
  FinishReason,
  StepFailedEntry,
  TurnCounts,
  TurnEndedEntry,
  TurnEndReason,
  WaitKind,
} from "./entry.ts";
import type { Failure } from "./errors.ts";
import type { AssistantMessage, ToolCall, ToolResult } from "./message.ts";

export type SessionEvent =
  /** `agent`: who answers in this turn; absent in turns of before agents had names. */
  | { type: "turn.started"; turn: string; seq: number; agent?: string }
  | { type: "step.started"; step: number; model: string; attempt: number }
  /** What was seen of earlier attempts at this step is void; the text begins again. */
  | { type: "step.restarted"; step: number; attempt: number; reason: string }
  | { type: "reasoning.delta"; text: string }
  /** `refusal`: the text is the model's refusal to answer. */
  | { type: "text.delta"; text: string; refusal?: true }
  /** `atClient`: the client that reads this runs it, and sends the result. */
  | ({ type: "tool.called"; atClient?: true } & ToolCall)
  /** The call waits for a person's yes or no, with exactly these arguments. */
  | ({ type: "tool.approval_required" } & ToolCall)
  /** A person answered; `reason` in that person's words. `childCall`: it is a call of a child, which is no other event. Not in the native stream. */
  | { type: "tool.approval_answered"; id: string; approve: boolean; reason?: string; childCall?: ToolCall }
  | ({ type: "tool.finished" } & ToolResult)
  /** A call was handed to another agent, which works at it in a session of its own. */
  | ({ type: "agent.started"; callId: string } & ChildSession)
  /** That agent has ended; the `tool.finished` of its call follows. */
  | ({ type: "agent.finished"; callId: string } & ChildOutcome)
  | {
      type: "message.completed";
      seq: number;
      message: AssistantMessage;
      finishReason: FinishReason;
      usage: Usage;
      replayed?: true;
    }
  | TurnEnded
  | { type: "error"; failure: Failure };

interface TurnEnded extends TurnCounts {
  type: "turn.ended";
  turn: string;
  reason: TurnEndReason;
  usage: Usage;
  costMicros: number;
  steps: number;
  /** Why, when `reason` is `failed` or `budget_exhausted`. */
  failure?: Failure;
  /** The answer is a refusal of the model. */
  refused?: true;
}

/** An event and the reader's position after it. */
export interface PlacedEvent {
  event: SessionEvent;
  cursor: Cursor;
}

/** Whether it is no part of a step, and no reader loses its place in one by it: it may be recorded in the middle of a step, whose reply then follows after it. */
export function isSilent(entry: Entry): boolean {
  return entry.type === "user" ? entry.joined === true : isKeptSilent.has(entry.type);
}

const isKeptSilent: ReadonlySet<Entry["type"]> = new Set(["note", "approval", "compaction"]);

/** The events of one entry, or what is left of them for a reader who is `into` the step that it belongs to. */
export function eventsOfEntry(entry: Entry, into?: Progress): PlacedEvent[] {
  const whole = (event: SessionEvent): PlacedEvent => ({ event, cursor: { done: entry.seq } });
  switch (entry.type) {
    case "note":
    case "compaction":
      return [];
    case "approval": {
      const { callId: id, name, approve, reason, child, arguments: text = "{}" } = entry;
      const of = child === undefined ? {} : { childCall: { id, name, arguments: text } };
      return [whole({ type: "tool.approval_answered", id, approve, ...defined({ reason }), ...of })];
    }
    case "user":
      return entry.joined
        ? []
        : [whole({ type: "turn.started", turn: entry.turn, seq: entry.seq, ...defined({ agent: entry.agent }) })];
    case "assistant":
      return [...eventsOfReply(replyOf(entry), into), whole(completed(entry))];
    case "tool": {
      const { callId, name, content, isError, child } = entry;
      const finished = whole({ type: "tool.finished", callId, name, content, isError });
      if (child === undefined) return [finished];
      // A reader that was cut off between the two receives both again.
      return [{ event: { type: "agent.finished", callId, ...child }, cursor: { done: entry.seq - 1 } }, finished];
    }
    case "step_failed":
      return [...eventsOfReply(replyOf(entry), into), whole({ type: "error", failure: entry.failure })];
    case "turn_ended": {
      const { seq: _, atMs: __, type: ___, ...ended } = entry;
      return [...voided(entry, into), whole({ type: "turn.ended", ...ended })];
    }
  }
}

/** The events that a reader at position `into` of a reply that is still arriving has not seen. */
export function eventsOfDraft(draft: Draft, into?: Progress): PlacedEvent[] {
  const { of, reasoning, text, refusalFrom } = draft;
  // Nearly every read finds more text and nothing else.
  if (into?.attempt === of.attempt && into.reasoning === reasoning.length && refusalFrom === undefined) {
    const more = text.since(into.text);
    if (more !== "") {
      const { attempt, reasoning, calls } = into;
      const cursor = { done: of.seq - 1, into: { attempt, reasoning, text: text.length, calls } };
      return [{ event: { type: "text.delta", text: more }, cursor }];
    }
    if (into.text === text.length) return [];
  }
  return eventsOfReply({ ...of, reasoning, text, refusalFrom, calls: [] }, into);
}

/** The turn ended without a reply to the step that the reader is in: what it has of that step is void. */
function voided({ seq, steps }: TurnEndedEntry, into: Progress | undefined): PlacedEvent[] {
  if (into === undefined || into.reasoning + into.text + into.calls === 0) return [];
  const attempt = into.attempt + 1;
  const reason = "The turn ended before this step had a reply.";
  return [
    {
      event: { type: "step.restarted", step: steps + 1, attempt, reason },
      cursor: { done: seq - 1, into: { attempt, reasoning: 0, text: 0, calls: 0 } },
    },
  ];
}

interface Growing {
  readonly length: number;
  since(offset: number): string;
}

interface ReplySoFar {
  restartedBecause?: string;
  seq: number;
  step: number;
  attempt: number;
  model: string;
  reasoning: Growing;
  text: Growing;
  /** Where in the text its refusal begins. */
  refusalFrom?: number | undefined;
  calls: readonly ToolCall[];
  waits?: Record<string, WaitKind> | undefined;
  children?: Record<string, ChildSession> | undefined;
}

function eventsOfReply(reply: ReplySoFar, into?: Progress): PlacedEvent[] {
  const { step, attempt, model } = reply;
  const events: PlacedEvent[] = [];
  let at: Progress = into ?? { attempt, reasoning: 0, text: 0, calls: 0 };
  const emit = (event: SessionEvent, progress: Partial<Progress> = {}) => {
    at = { ...at, ...progress };
    events.push({ event, cursor: { done: reply.seq - 1, into: at } });
  };

  if (into === undefined) emit({ type: "step.started", step, model, attempt });
  else if (isVoid(into, reply)) {
    const reason = reply.restartedBecause ?? "The earlier attempt at this step was interrupted.";
    emit({ type: "step.restarted", step, attempt, reason }, { attempt, reasoning: 0, text: 0, calls: 0 });
  }
  const reasoning = reply.reasoning.since(at.reasoning);
  if (reasoning !== "") emit({ type: "reasoning.delta", text: reasoning }, { reasoning: reply.reasoning.length });
  for (const event of textDeltas(reply, at.text)) emit(event, { text: at.text + event.text.length });
  for (const event of callEvents(reply).slice(at.calls)) emit(event, { calls: at.calls + 1 });
  return events;
}

/** The text from a place on: up to its refusal, and from there. */
function textDeltas({ text, refusalFrom }: ReplySoFar, from: number): Extract<SessionEvent, { type: "text.delta" }>[] {
  const all = text.since(from);
  const plain = refusalFrom === undefined ? all : all.slice(0, Math.max(0, refusalFrom - from));
  const refused = all.slice(plain.length);
  return [
    ...(plain === "" ? [] : [{ type: "text.delta", text: plain } as const]),
    ...(refused === "" ? [] : [{ type: "text.delta", text: refused, refusal: true } as const]),
  ];
}

/** The event of each call, and after it, where the call waits for approval or for another agent, the event for that. */
function callEvents({ calls, waits = {}, children = {} }: ReplySoFar): SessionEvent[] {
  return calls.flatMap((call): SessionEvent[] => {
    const wait = waits[call.id];
    const called = { type: "tool.called", ...call, ...(wait === "client" && atClient) } as const;
    const child = children[call.id];
    if (child !== undefined) return [called, { type: "agent.started", callId: call.id, ...child }];
    return wait === "approval" ? [called, { type: "tool.approval_required", ...call }] : [called];
  });
}

const atClient = { atClient: true } as const;

/** A reader's place counts only within the attempt it saw, and never beyond the text that exists: a lost write may leave a reader ahead of the log. */
function isVoid(into: Progress, reply: ReplySoFar): boolean {
  if (into.attempt !== reply.attempt) return true;
  return into.reasoning > reply.reasoning.length || into.text > reply.text.length;
}

function replyOf(entry: AssistantEntry | StepFailedEntry): ReplySoFar {
  const { seq, step, attempt, model } = entry;
  const calls = entry.type === "assistant" ? entry.toolCalls : [];
  const because = entry.tries?.at(-1)?.failure.detail;
  const { waits, children, refusalFrom } = entry.type === "assistant" ? entry : {};
  const text = { reasoning: whole(entry.reasoning), text: whole(entry.content) };
  const received = { ...text, refusalFrom, calls, waits, children };
  return { seq, step, attempt, model, ...received, ...defined({ restartedBecause: because }) };
}

function whole(text: string): Growing {
  return { length: text.length, since: (offset) => text.slice(offset) };
}

function completed(entry: AssistantEntry): SessionEvent {
  const { seq, content, reasoning, toolCalls, finishReason, refusalFrom, usage } = entry;
  const refusal = refusalFrom !== undefined && { refusalFrom };
  const message: AssistantMessage = { role: "assistant", content, reasoning, toolCalls, ...refusal };
  return { type: "message.completed", seq, message, finishReason, usage, ...(entry.replayed && { replayed: true }) };
}

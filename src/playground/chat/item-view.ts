/** What a turn consists of on the page: messages, replies with their calls, summaries. Pure; an item whose entries are the same is the same object again. */

import type { FailureJson, ToolCallJson } from "../../wire/shapes.ts";
import type { CallWaits, PageEntry } from "../shell/shapes.ts";
import type { ShownDraft } from "./conversation.ts";

/** The state of a call. `client`: it waits for the program that declared the tool. `suspended`: its tool waits for a time or a signal. */
export type CallState = "running" | "suspended" | "approval" | "client" | "done" | "failed" | "open";

/** What a person answered. */
export interface AnswerView {
  approve: boolean;
  reason?: string;
  by?: string;
}

export interface CallView {
  id: string;
  name: string;
  arguments: string;
  state: CallState;
  result?: string;
  /** How far it is while it runs, as its tool reports it. */
  progress?: string;
  /** What it waits for while it is suspended. */
  waits?: CallWaits;
  durationMs?: number;
  repairs: readonly string[];
  answer?: AnswerView;
  child?: ChildView;
}

/** The agent that works at a call, in a session of its own. */
export interface ChildView {
  session: string;
  agent: string;
  /** How its turn ended, and what it cost with all that it called; absent while it works. */
  reason?: string;
  costMicros?: number;
  /** Its calls that a person is asked about. */
  asks: AskView[];
}

/** A call of a child that waits, or waited, for a person. `arguments` is known while it waits. */
export interface AskView {
  id: string;
  name: string;
  arguments?: string;
  answer?: AnswerView;
}

export interface ReplyView {
  kind: "reply";
  /** Known once it is recorded. */
  seq?: number;
  step: number;
  /** Counts the tries at this step. */
  attempt: number;
  model: string;
  reasoning: string;
  text: string;
  growing: boolean;
  calls: CallView[];
  failure?: FailureJson;
  restartedBecause?: string;
  repairs: readonly string[];
  tries: readonly { model: string; detail: string }[];
  reasoningTokens: number;
  /** It is an earlier answer to the same request. */
  replayed: boolean;
}

export type ItemView =
  | { kind: "user"; seq: number; content?: string; speaker?: string; joined: boolean }
  | ReplyView
  | { kind: "summary" | "note"; text: string };

/** What one item is made of: the entry that it begins with and those about its calls, or a reply that still arrives. */
export interface ItemParts {
  entries: readonly PageEntry[];
  draft?: ShownDraft;
  /** Its turn has ended: nothing runs in it any more. */
  isOver?: boolean;
}

const madeOf = new WeakMap<ItemView, ItemParts>();

/** `old`: the item that was in this place before. */
export function itemView(parts: ItemParts, old: ItemView | undefined): ItemView {
  const before = old && madeOf.get(old);
  const isKept = before !== undefined && isSame(before, parts) && (before.isOver === parts.isOver || !hasOpenCall(old));
  if (old !== undefined && isKept) return old;
  const item = newItem(parts);
  madeOf.set(item, parts);
  return item;
}

function isSame(one: ItemParts, other: ItemParts): boolean {
  if (one.draft !== other.draft) return false;
  return one.entries.length === other.entries.length && one.entries.every((entry, at) => entry === other.entries[at]);
}

function hasOpenCall(item: ItemView | undefined): boolean {
  return item?.kind === "reply" && item.calls.some(({ result }) => result === undefined);
}

function newItem({ entries: [first, ...others], draft, isOver = false }: ItemParts): ItemView {
  if (draft !== undefined) return draftView(draft);
  if (first === undefined) throw new Error("An item has an entry or is a draft.");
  const { message, seq } = first;
  switch (first.type) {
    case "user": {
      const shown = {
        ...(message && { content: message.content }),
        ...(message?.speaker && { speaker: message.speaker }),
      };
      return { kind: "user", seq, joined: first.joined === true, ...shown };
    }
    case "compaction":
      return { kind: "summary", text: first.summary ?? "" };
    case "note":
      return { kind: "note", text: message?.content ?? "" };
    default: {
      const reply = replyView(first);
      for (const entry of others) take(reply.calls, entry);
      // A turn that was read from its middle on may lack results.
      if (isOver) for (const call of reply.calls) if (call.result === undefined) call.state = "open";
      return reply;
    }
  }
}

/** What became of a call. */
function take(calls: readonly CallView[], entry: PageEntry): void {
  const { message, child: by } = entry;
  const call = calls.find(({ id }) => id === (message?.tool_call_id ?? entry.call_id));
  switch (entry.type) {
    case "tool":
      if (call === undefined || message === undefined) return;
      call.state = message.is_error ? "failed" : "done";
      call.result = message.content;
      call.repairs = entry.repairs ?? [];
      if (entry.duration_ms !== undefined) call.durationMs = entry.duration_ms;
      if (typeof by === "object") {
        const { session, agent, reason, cost_micros: costMicros } = by;
        call.child = { asks: [], ...call.child, session, agent, reason, costMicros };
      }
      return;
    case "progress":
      if (call?.state === "running" && message) call.progress = message.content;
      return;
    case "suspended":
      if (call?.state !== "running" || entry.steps === undefined) return;
      call.state = "suspended";
      call.waits = entry.steps;
      return;
    case "asked":
    case "approval":
      if (typeof by === "string") takeAsk(calls.find(({ child }) => child?.session === by)?.child, entry);
      else if (call !== undefined) {
        call.answer = answerView(entry);
        if (call.state === "approval") call.state = "running";
      }
  }
}

/** A question of a child, or the answer to one. */
function takeAsk(child: ChildView | undefined, { type, call_id, name, message, ...entry }: PageEntry): void {
  if (child === undefined || call_id === undefined) return;
  const text = message?.tool_calls?.[0]?.function;
  const known = child.asks.find(({ id }) => id === call_id);
  const ask: AskView = known ?? { id: call_id, name: text?.name ?? name ?? "" };
  if (known === undefined) child.asks.push(ask);
  if (text !== undefined) ask.arguments = text.arguments;
  if (type === "approval") ask.answer = answerView(entry);
}

function answerView({ approve = false, reason, by }: Pick<PageEntry, "approve" | "reason" | "by">): AnswerView {
  return { approve, ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) };
}

function replyView(entry: PageEntry): ReplyView {
  const { seq, step = 1, attempt = 1, model = "", message, usage, repairs = [], tries = [], error } = entry;
  return {
    kind: "reply",
    seq,
    step,
    attempt,
    model,
    reasoning: message?.reasoning_content ?? "",
    text: message?.content ?? entry.partial ?? "",
    growing: false,
    calls: (message?.tool_calls ?? []).map((call) => callView(call, entry.waits?.[call.id], childAt(entry, call.id))),
    ...(error && { failure: error }),
    repairs,
    tries,
    reasoningTokens: usage?.reasoning_tokens ?? 0,
    replayed: entry.cached === true || usage?.cached === true,
  };
}

function draftView(draft: ShownDraft): ReplyView {
  const { step, attempt, model, reasoning, text, calls, waits, children, restartedBecause } = draft;
  return {
    kind: "reply",
    step,
    attempt,
    model,
    reasoning,
    text,
    growing: true,
    calls: calls.map((call) => callView(call, waits[call.id], children[call.id])),
    ...(restartedBecause !== undefined && { restartedBecause }),
    repairs: [],
    tries: [],
    reasoningTokens: 0,
    replayed: false,
  };
}

function callView(
  call: ToolCallJson,
  wait: "approval" | "client" | "agent" | undefined,
  child: { session: string; agent: string } | undefined,
): CallView {
  const { name, arguments: text } = call.function;
  const state = wait === undefined || wait === "agent" ? "running" : wait;
  return { id: call.id, name, arguments: text, state, repairs: [], ...(child && { child: { ...child, asks: [] } }) };
}

/** The agent that works at a call of a reply. */
function childAt({ children }: PageEntry, callId: string): { session: string; agent: string } | undefined {
  const found = (children as Readonly<Record<string, unknown>> | undefined)?.[callId];
  return typeof found === "object" ? (found as { session: string; agent: string }) : undefined;
}

/** Turns as the page shows them, from a conversation. Pure; a turn that has not changed is the same object again, so that it is not drawn again. */

import type { FailureJson, ToolCallJson, UsageJson } from "../../wire/shapes.ts";
import type { PageEntry } from "../shell/shapes.ts";
import type { ShownConversation, ShownDraft } from "./conversation.ts";

/** The state of a call. `client`: it waits for the program that declared the tool. */
export type CallState = "running" | "approval" | "client" | "done" | "failed" | "open";

export interface CallView {
  id: string;
  name: string;
  arguments: string;
  state: CallState;
  result?: string;
  /** How far it is while it runs, as its tool reports it. */
  progress?: string;
  durationMs?: number;
  repairs: readonly string[];
  /** What a person answered. */
  answer?: { approve: boolean; reason?: string; by?: string };
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

export interface ShownTurn {
  turn: string;
  /** Those that are recorded, in order. */
  entries: readonly PageEntry[];
  items: ItemView[];
  /** Who answers it, as its first entry says. */
  agent?: string;
  version?: string;
  end?: { reason: string; error?: FailureJson; usage: UsageJson; costMicros: number };
  firstEventMs?: number;
  durationMs?: number;
}

/** The turns in order. `before`: what this function gave for the conversation as it was. */
export function turnsOf({ entries, told, draft }: ShownConversation, before: readonly ShownTurn[] = []): ShownTurn[] {
  const known = new Map(before.map((view) => [view.turn, view]));
  const turns = new Map<string, { recorded: PageEntry[]; told: PageEntry[] }>();
  const groupOf = (turn: string) => {
    const group = turns.get(turn) ?? { recorded: [], told: [] };
    turns.set(turn, group);
    return group;
  };
  for (const entry of entries) groupOf(entry.turn).recorded.push(entry);
  for (const entry of told) groupOf(entry.turn).told.push(entry);
  if (draft) groupOf(draft.turn);
  return [...turns].map(([turn, group]) => {
    const old = known.get(turn);
    const live = draft?.turn === turn ? draft : undefined;
    const same = old?.end !== undefined && group.told.length === 0 && live === undefined;
    if (same && old.entries.length === group.recorded.length) return old;
    return turnView(turn, group, live);
  });
}

/** Whether a call of it needs a person's approval or denial. */
export function waitsForPerson({ items }: ShownTurn): boolean {
  return items.some((item) => item.kind === "reply" && item.calls.some(({ state }) => state === "approval"));
}

/** What the turn answered at last, and the model that did. */
export function answerOf({ items }: ShownTurn): { model: string; text: string } {
  const replies = items.filter((item) => item.kind === "reply");
  const answer = replies.findLast(({ text }) => text !== "") ?? replies.at(-1);
  return { model: answer?.model ?? "", text: answer?.text ?? "" };
}

function turnView(
  turn: string,
  { recorded, told }: { recorded: PageEntry[]; told: PageEntry[] },
  draft?: ShownDraft,
): ShownTurn {
  const { agent, agent_version: version } = recorded[0] ?? {};
  const ranBy = { ...(agent !== undefined && { agent }), ...(version !== undefined && { version }) };
  const view: ShownTurn = { turn, entries: recorded, items: [], ...ranBy, ...timesOf(recorded) };
  for (const entry of [...recorded, ...told]) take(view, entry);
  if (draft) view.items.push(draftView(draft));
  if (view.end) closeCalls(view);
  return view;
}

function take(view: ShownTurn, entry: PageEntry): void {
  const { message } = entry;
  switch (entry.type) {
    case "user": {
      const shown = {
        ...(message && { content: message.content }),
        ...(message?.speaker && { speaker: message.speaker }),
      };
      view.items.push({ kind: "user", seq: entry.seq, joined: entry.joined === true, ...shown });
      return;
    }
    case "assistant":
    case "step_failed":
      view.items.push(replyView(entry));
      return;
    case "tool": {
      const call = callOf(view, message?.tool_call_id);
      if (call === undefined || message === undefined) return;
      call.state = message.is_error ? "failed" : "done";
      call.result = message.content;
      call.repairs = entry.repairs ?? [];
      if (entry.duration_ms !== undefined) call.durationMs = entry.duration_ms;
      return;
    }
    case "progress": {
      const call = callOf(view, message?.tool_call_id);
      if (call?.state === "running" && message) call.progress = message.content;
      return;
    }
    case "approval": {
      const call = callOf(view, entry.call_id);
      if (call === undefined) return;
      const { approve = false, reason, by } = entry;
      call.answer = { approve, ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) };
      if (call.state === "approval") call.state = "running";
      return;
    }
    case "compaction":
      view.items.push({ kind: "summary", text: entry.summary ?? "" });
      return;
    case "note":
      view.items.push({ kind: "note", text: message?.content ?? "" });
      return;
    case "turn_ended": {
      const { reason = "completed", usage, cost_micros: costMicros = 0, error } = entry;
      if (usage) view.end = { reason, usage, costMicros, ...(error && { error }) };
    }
  }
}

/** Providers use ids again from step to step, so the newest call with this id is meant. */
function callOf(view: ShownTurn, id: string | undefined): CallView | undefined {
  const reply = view.items.findLast((item): item is ReplyView => item.kind === "reply");
  return reply?.calls.find((call) => call.id === id);
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
    calls: (message?.tool_calls ?? []).map((call) => callView(call, entry.waits?.[call.id])),
    ...(error && { failure: error }),
    repairs,
    tries,
    reasoningTokens: usage?.reasoning_tokens ?? 0,
    replayed: entry.cached === true || usage?.cached === true,
  };
}

function draftView({ step, attempt, model, reasoning, text, calls, waits, restartedBecause }: ShownDraft): ReplyView {
  return {
    kind: "reply",
    step,
    attempt,
    model,
    reasoning,
    text,
    growing: true,
    calls: calls.map((call) => callView(call, waits[call.id])),
    ...(restartedBecause !== undefined && { restartedBecause }),
    repairs: [],
    tries: [],
    reasoningTokens: 0,
    replayed: false,
  };
}

function callView(call: ToolCallJson, wait: "approval" | "client" | "agent" | undefined): CallView {
  const { name, arguments: text } = call.function;
  const state = wait === undefined || wait === "agent" ? "running" : wait;
  return { id: call.id, name, arguments: text, state, repairs: [] };
}

/** A turn that was read from its middle on may lack results; nothing runs in it any more. */
function closeCalls(view: ShownTurn): void {
  for (const item of view.items) {
    if (item.kind !== "reply") continue;
    for (const call of item.calls) if (call.result === undefined) call.state = "open";
  }
}

function timesOf(entries: readonly PageEntry[]): { firstEventMs?: number; durationMs?: number } {
  const first = entries.find(({ first_event_ms }) => first_event_ms !== undefined)?.first_event_ms;
  const begin = entries[0];
  const end = entries.at(-1);
  const whole = begin?.type === "user" && end?.type === "turn_ended";
  return {
    ...(first !== undefined && { firstEventMs: first }),
    ...(whole && { durationMs: Date.parse(end.created_at) - Date.parse(begin.created_at) }),
  };
}

/** Turns as the page shows them, from a conversation. Pure; a turn or an item of it that has not changed is the same object again, so that it is not drawn again. */

import type { FailureJson, UsageJson } from "../../wire/shapes.ts";
import type { PageEntry } from "../shell/shapes.ts";
import type { ShownConversation, ShownDraft } from "./conversation.ts";
import { type CallView, type ItemParts, type ItemView, itemView } from "./item-view.ts";

export interface ShownTurn {
  turn: string;
  /** Those that are recorded, in order. */
  entries: readonly PageEntry[];
  items: readonly ItemView[];
  /** Who answers it, as its first entry says. */
  agent?: string;
  version?: string;
  end?: TurnEndView;
  firstEventMs?: number;
  durationMs?: number;
}

export interface TurnEndView {
  reason: string;
  error?: FailureJson;
  usage: UsageJson;
  costMicros: number;
  /** The agents that were called, and what they cost beside the turn's own. */
  children?: { count: number; costMicros: number };
}

/** The entries of one turn: those that are recorded, and those that events reported. */
interface TurnParts {
  recorded: readonly PageEntry[];
  reported: readonly PageEntry[];
}

/** The turns in order. `before`: what this function gave for the conversation as it was. */
export function turnsOf(
  { entries, reported, draft }: ShownConversation,
  before: readonly ShownTurn[] = [],
): ShownTurn[] {
  const recorded = byTurn(entries);
  const others = Map.groupBy(reported, ({ turn }) => turn);
  const names = new Set([...recorded.keys(), ...others.keys(), ...(draft ? [draft.turn] : [])]);
  const known = new Map(before.map((view) => [view.turn, view]));
  return [...names].map((turn) => {
    const parts = { recorded: recorded.get(turn) ?? [], reported: others.get(turn) ?? [] };
    const live = draft?.turn === turn ? draft : undefined;
    const old = known.get(turn);
    const rests = parts.reported.length === 0 && live === undefined;
    if (rests && old?.end !== undefined && isSameList(old.entries, parts.recorded)) return old;
    return turnView(turn, parts, { draft: live, old });
  });
}

const groups = new WeakMap<readonly PageEntry[], ReadonlyMap<string, readonly PageEntry[]>>();

/** Made once for a list, which is a new one only when an entry has come. */
function byTurn(entries: readonly PageEntry[]): ReadonlyMap<string, readonly PageEntry[]> {
  const found = groups.get(entries) ?? Map.groupBy(entries, ({ turn }) => turn);
  groups.set(entries, found);
  return found;
}

function isSameList(one: readonly PageEntry[], other: readonly PageEntry[]): boolean {
  return one.length === other.length && one[0] === other[0] && one.at(-1) === other.at(-1);
}

/** Whether a call of it needs a person's approval or denial: its own, or one of an agent that it called. */
export function waitsForPerson({ items }: ShownTurn): boolean {
  return items.some((item) => item.kind === "reply" && item.calls.some(asksPerson));
}

function asksPerson({ state, child }: CallView): boolean {
  return (
    state === "approval" || (state === "running" && (child?.asks ?? []).some(({ answer }) => answer === undefined))
  );
}

/** Whether it does nothing until a time, or a signal from outside: a tool of it waits, and no other call runs. */
export function waitsForStep({ items, end }: ShownTurn): boolean {
  const calls = items.flatMap((item) => (item.kind === "reply" ? item.calls : []));
  return end === undefined && calls.some(isSuspended) && !calls.some(({ state }) => state === "running");
}

function isSuspended({ state }: CallView): boolean {
  return state === "suspended";
}

/** What the turn answered at last, and the model that did. */
export function answerOf({ items }: Pick<ShownTurn, "items">): { model: string; text: string } {
  const replies = items.filter((item) => item.kind === "reply");
  const answer = replies.findLast(({ text }) => text !== "") ?? replies.at(-1);
  return { model: answer?.model ?? "", text: answer?.text ?? "" };
}

function turnView(
  turn: string,
  { recorded, reported }: TurnParts,
  { draft, old }: { draft: ShownDraft | undefined; old: ShownTurn | undefined },
): ShownTurn {
  const { agent, agent_version: version } = recorded[0] ?? {};
  const ranBy = { ...(agent !== undefined && { agent }), ...(version !== undefined && { version }) };
  const all = [...recorded, ...reported];
  const end = all.findLast(({ type, usage }) => type === "turn_ended" && usage !== undefined);
  const parts: ItemParts[] = [...partsOf(all), ...(draft ? [{ entries: [], draft }] : [])];
  const items = parts.map((each, place) => itemView({ ...each, isOver: end !== undefined }, old?.items[place]));
  return { turn, entries: recorded, items, ...ranBy, ...timesOf(recorded), ...(end && { end: endView(end) }) };
}

/** Each item begins with an entry of its own; what became of a reply's calls comes after it. */
function partsOf(entries: readonly PageEntry[]): ItemParts[] {
  const found: { entries: PageEntry[] }[] = [];
  let reply: { entries: PageEntry[] } | undefined;
  for (const entry of entries) {
    if (entry.type === "turn_ended") continue;
    if (isOfReply(entry)) {
      reply?.entries.push(entry);
      continue;
    }
    const item = { entries: [entry] };
    if (entry.type === "assistant" || entry.type === "step_failed") reply = item;
    found.push(item);
  }
  return found;
}

function isOfReply({ type }: PageEntry): boolean {
  return type === "tool" || type === "progress" || type === "suspended" || type === "approval" || type === "asked";
}

function endView({
  reason = "completed",
  usage,
  cost_micros: costMicros = 0,
  error,
  children,
}: PageEntry): TurnEndView {
  const called = typeof children?.count === "number" ? children : undefined;
  const { count = 0, cost_micros: theirs = 0 } = (called ?? {}) as { count?: number; cost_micros?: number };
  return {
    reason,
    usage: usage as UsageJson,
    costMicros,
    ...(error && { error }),
    ...(called && { children: { count, costMicros: theirs } }),
  };
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

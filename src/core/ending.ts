/** The entries that end a turn: a result for every call that has none, and the sums of what the turn used. Pure. */
import { addUsage, noUsage } from "./cost.ts";
import type { ChildOutcome, ChildrenUsage, Entry, NewEntry, TurnEndReason } from "./entry.ts";
import type { Failure } from "./errors.ts";
import type { ToolCall } from "./message.ts";
import { notRun } from "./not-run.ts";
import type { SteppedCalls } from "./tool-steps.ts";
import type { OpenCalls } from "./waits.ts";

/** A call that is not run, and the result it gets instead. */
export interface RefusedCall {
  call: ToolCall;
  content: string;
}

interface PerhapsRun {
  intents: ReadonlySet<string>;
  stepped?: SteppedCalls;
}

/** What the calls get that have no result when the turn ends. `intents`: ids of those that were perhaps run; `stepped`: of those that have recorded steps. */
export function leftOver({ ready, waiting, denied }: OpenCalls, { intents, stepped }: PerhapsRun): RefusedCall[] {
  const contentOf = (id: string) => {
    if (stepped?.has(id)) return notRun.stopped;
    return intents.has(id) ? notRun.unknown : notRun.turnOver;
  };
  return [
    ...[...ready, ...waiting].map((call) => {
      const { id, name, arguments: text } = call;
      const isAgents = "kind" in call && call.kind === "agent";
      return { call: { id, name, arguments: text }, content: isAgents ? notRun.agentStopped : contentOf(id) };
    }),
    ...denied.map(({ call, by }) => ({ call, content: notRun.denied(by.reason) })),
  ];
}

/** The same in a copy of the session: what becomes of the calls is not known here, and nothing was stopped. */
export function leftOverOfCopy({ ready, waiting, denied }: OpenCalls): RefusedCall[] {
  return [
    ...ready.map((call) => ({ call, content: notRun.copiedOpen })),
    ...waiting.map(({ kind, ...call }) => ({ call, content: kind === "agent" ? notRun.copied : notRun.copiedWaiting })),
    ...denied.map(({ call, by }) => ({ call, content: notRun.denied(by.reason) })),
  ];
}

/** The result of a call that was not run. */
export function refusal({ call, content }: RefusedCall, of: { turn: string; step: number }, atMs: number): NewEntry {
  const { turn, step } = of;
  return { type: "tool", turn, step, callId: call.id, name: call.name, content, isError: true, durationMs: 0, atMs };
}

/** What should have been cached, where that is known. */
function expected(paid: readonly Entry[]): { expectedCachedTokens?: number } {
  const forecasts = paid.flatMap((entry) => (entry.type === "assistant" && entry.prefix ? [entry.prefix] : []));
  if (forecasts.length === 0) return {};
  return { expectedCachedTokens: forecasts.reduce((sum, { expectedTokens }) => sum + expectedTokens, 0) };
}

/** What the children of a turn used that had ended by now; nothing where it had none. */
function ofChildren(entries: readonly Entry[]): { children?: ChildrenUsage } {
  const ended = entries.flatMap((entry) => (entry.type === "tool" && entry.child ? [entry.child] : []));
  return ended.length === 0 ? {} : { children: ended.reduce((sum, child) => addChild(sum, child), noChildren) };
}

export const noChildren: ChildrenUsage = { ...noUsage, costMicros: 0, steps: 0, count: 0 };

/** The sums with those of one more child; or, with a `count` of 0, with more of one that is counted. */
export function addChild(
  sum: ChildrenUsage,
  { usage, costMicros, steps }: Pick<ChildOutcome, "usage" | "costMicros" | "steps">,
  count: 0 | 1 = 1,
): ChildrenUsage {
  return {
    ...addUsage(sum, usage),
    costMicros: sum.costMicros + costMicros,
    steps: sum.steps + steps,
    count: sum.count + count,
  };
}

/** Whether the turn's answer is a refusal of the model. */
function isRefused(entries: readonly Entry[]): boolean {
  const reply = entries.findLast((entry) => entry.type === "assistant");
  return reply?.type === "assistant" && reply.finishReason === "refusal";
}

/** How a turn ends. `step`: of the newest reply. */
export interface TurnEnding {
  turn: string;
  step: number;
  reason: TurnEndReason;
  refused: RefusedCall[];
  failure?: Failure;
}

/** `entries`: the turn's so far. `cutOff`: the text so far of a reply that will not be finished. */
export function ending(of: TurnEnding, entries: readonly Entry[], atMs: number, cutOff: NewEntry[] = []): NewEntry[] {
  const paid = [...entries, ...cutOff.map((entry): Entry => ({ ...entry, seq: 0 }))].filter(
    (entry) => entry.type === "assistant" || entry.type === "step_failed" || entry.type === "compaction",
  );
  return [
    ...of.refused.map((call) => refusal(call, of, atMs)),
    ...cutOff,
    {
      type: "turn_ended",
      turn: of.turn,
      reason: of.reason,
      ...((of.reason === "failed" || of.reason === "budget_exhausted") && of.failure && { failure: of.failure }),
      ...(of.reason === "completed" && isRefused(entries) && { refused: true as const }),
      usage: paid.reduce((sum, call) => addUsage(sum, call.usage), noUsage),
      costMicros: paid.reduce((sum, call) => sum + call.costMicros, 0),
      ...expected(paid),
      steps: paid.filter(({ type }) => type !== "compaction").length,
      ...ofChildren(entries),
      atMs,
    },
  ];
}

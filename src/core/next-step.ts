/** Reads a turn's entries and decides the one next step. It never does the step: the same answer serves normal running and resuming after a crash. */
import { noCallFailure } from "./assemble.ts";
import { leftOver, type RefusedCall, type TurnEnding } from "./ending.ts";
import type {
  AssistantEntry,
  ChildSession,
  Entry,
  FailedTry,
  ResponseFormat,
  TurnEndReason,
  WaitKind,
} from "./entry.ts";
import type { Failure, RequestChange } from "./errors.ts";
import { type ModelPlace, worded } from "./failure-words.ts";
import type { ToolCall } from "./message.ts";
import { notRun } from "./not-run.ts";
import {
  noSteppedCalls,
  resumedMs,
  type SteppedCalls,
  type SuspendedCall,
  suspendedCalls,
  suspendedUntilMs,
} from "./tool-steps.ts";
import { type OpenCalls, openCalls, type WaitingCall } from "./waits.ts";

/** What running a tool twice would do: nothing, nothing when it gets the same key, or harm. */
export type Effect = "none" | "keyed" | "unsafe";

/** The open turn as the log and the rows beside it have it. */
export interface TurnView {
  /** The turn's entries in order, beginning with its user entry; empty when no turn is open. */
  entries: readonly Entry[];
  /** Why the turn is to end before it is done, when someone requested that. */
  stop?: "cancelled" | "interrupted";
  /** Tries of the next model call that a crash cut off before they brought anything, and when the first of them began. */
  barren: { tries: number; sinceMs: number };
  /** Ids of the newest reply's calls that were perhaps run already: their intent is recorded. */
  intents: ReadonlySet<string>;
  /** Ids of the newest reply's calls at which another agent works already. */
  opened?: ReadonlySet<string>;
  /** How often each of those calls was begun, where that is recorded. */
  runs?: ReadonlyMap<string, number>;
  /** Those of them whose tool has recorded durable steps; none when absent. */
  stepped?: SteppedCalls;
  /** A message waits to join the turn. */
  joining: boolean;
  /** What the model would be sent comes near to filling its window, and some of it can be put into a summary. */
  windowFull: boolean;
  nowMs: number;
  /** The model that is called now, for the words of failures. */
  place?: ModelPlace;
  /** How long nothing worked at the turn, because the service was down, and until when. Such time is no work. */
  down?: { ms: number; untilMs: number };
}

/** What the agent allows. */
export interface Rules {
  /** Most model calls in a turn. */
  maxSteps: number;
  /** A model call that crashes cut off is given up after so many tries that brought nothing, and so long after the first. */
  maxBarrenTries: number;
  maxBarrenMs: number;
  /** How long a turn may work since a person last did something about it. */
  maxTurnMs: number;
  /** How long a call may wait for a person, a client or another agent. */
  maxWaitMs: number;
  /** The same for calls of which the tool says it itself. */
  waitMsOf?(call: WaitingCall): number | undefined;
  /** The child that would work at a call which waits for another agent. */
  childOf?(call: ToolCall, reply: Pick<AssistantEntry, "turn" | "step" | "toolCalls">): ChildSession;
  effectOf(toolName: string): Effect;
  /** Only the first call of each reply is used. */
  oneCall?: boolean;
  /** What a call waits for before it may have a result. `isSalvaged`: it was found in the text of a reply alone. */
  waitOf(call: ToolCall, isSalvaged: boolean): WaitKind | undefined;
  /** What the tool would get of the call's arguments; `undefined` when they are wrong, or the tool is not known here. */
  inputOf?(call: ToolCall): unknown;
  /** What to do about a model call that failed. `tries` are those of this step, the last one just now; `chance` is from 0 to 1. */
  afterFailure(tries: readonly FailedTry[], chance: number): AfterFailure;
  /** What is wrong with a final answer; `undefined` when nothing is. */
  complaint(content: string, format: ResponseFormat | undefined): Complaint | undefined;
}

/** `note`: what is sent to the model, once. `failure`: how the turn fails when that does not help; without one the answer is accepted. */
export interface Complaint {
  note: string;
  failure?: Failure;
}

export type AfterFailure =
  | { type: "give_up" }
  /** `continue` goes on after the text that is there, `restart` voids it. `model`: another one than before. */
  | { type: "again"; how: "restart" | "continue"; afterMs: number; model?: string; change?: RequestChange };

export type Again = Extract<AfterFailure, { type: "again" }>;

export type NextStep =
  | { type: "idle" }
  | { type: "call_model"; turn: string; step: number }
  | { type: "run_tools"; turn: string; step: number; calls: ToolCall[]; refused: RefusedCall[] }
  /** Nothing can be done until a person, a client or another agent answers one of `calls`, a signal comes for a tool that waits, or until `untilMs`. */
  | { type: "wait"; calls: WaitingCall[]; untilMs: number }
  /** Messages that came to join the turn become part of it. */
  | { type: "take_in"; turn: string }
  /** The older part of the conversation is put into a summary. */
  | { type: "compact"; turn: string; step: number }
  /** The answer is not acceptable: the reason is sent to the model, and it is called again. */
  | { type: "correct"; turn: string; note: string }
  /** Calls without a result get one, so that the log stays legal. */
  | ({ type: "end_turn" } & TurnEnding);

/** The one next step of the open turn. Pure: the same view gives the same step. */
export function nextStep(view: TurnView, rules: Rules): NextStep {
  const first = view.entries[0];
  const last = view.entries.at(-1);
  if (first === undefined || last === undefined || last.type === "turn_ended") return { type: "idle" };

  const { turn } = first;
  const step = view.entries.filter((entry) => entry.type === "assistant" || entry.type === "step_failed").length;
  const open = openCalls(view.entries);
  const stop = stopOf(view, rules);
  const end = ({ reason, failure }: Ending): NextStep => {
    return { type: "end_turn", turn, step, reason, refused: leftOver(open, view), ...(failure && { failure }) };
  };

  if (last.type === "step_failed") return end(stop ?? { reason: "failed", failure: withoutRaw(last.failure) });
  if (last.type === "assistant" && last.finishReason !== "tool_calls") {
    return afterAnswer(last, view, { rules, turn, stop }) ?? end(endOf(last, stop));
  }
  if (stop !== undefined) return end(stop);
  if ([...open.ready, ...unopened(open, view)].some((call) => isLooping(call, view.entries) === "still")) {
    return end({ reason: "failed", failure: worded(loopingFailure, view.place) });
  }
  const { calls, refused, waiting, suspended } = sortOut(open, view, rules);
  if (calls.length + refused.length > 0) return { type: "run_tools", turn, step, calls, refused };
  if (waiting.length + suspended.length > 0) {
    return { type: "wait", calls: waiting, untilMs: endOfWait(waiting, suspended, rules) };
  }
  if (step >= rules.maxSteps) return end({ reason: "step_limit" });
  if (isHopeless(view, rules)) {
    return end({ reason: "failed", failure: worded(interruptedTooOften(view.barren.tries), view.place) });
  }
  if (view.joining) return { type: "take_in", turn };
  if (view.windowFull) return { type: "compact", turn, step: step + 1 };
  return { type: "call_model", turn, step: step + 1 };
}

/** When a turn has worked for too long, in ms since 1970. Each act of a person, and each end of a tool's wait, restarts the time limit; while it waits there is no limit. */
export function deadlineMs(
  { entries, down = { ms: 0, untilMs: 0 }, stepped = noSteppedCalls }: Pick<TurnView, "entries" | "down" | "stepped">,
  maxTurnMs: number,
): number {
  if (openCalls(entries).waiting.length > 0) return Number.POSITIVE_INFINITY;
  const acts = entries.filter(
    (entry) => entry.type === "user" || entry.type === "approval" || isAwaited(entry, entries),
  );
  const begunMs = Math.max(resumedMs(stepped), ...acts.map(({ atMs }) => atMs));
  return begunMs + maxTurnMs + (down.untilMs > begunMs ? down.ms : 0);
}

/** Whether the entry is a result that a person or a client had to give. */
function isAwaited(entry: Entry, entries: readonly Entry[]): boolean {
  if (entry.type !== "tool") return false;
  return entries.some(
    (each) => each.type === "assistant" && each.step === entry.step && each.waits?.[entry.callId] !== undefined,
  );
}

interface Ending {
  reason: TurnEndReason;
  failure?: Failure;
}

function stopOf(view: TurnView, { maxTurnMs }: Rules): Ending | undefined {
  const { stop, nowMs, place } = view;
  if (stop !== undefined) return { reason: stop };
  if (nowMs < deadlineMs(view, maxTurnMs)) return undefined;
  const detail = `The turn worked for ${Math.round(maxTurnMs / 1000)} s, which is the most it may (limits of the agent). Send a message to go on.`;
  return { reason: "failed", failure: worded({ code: "turn_timeout", detail, retryable: true }, place) };
}

/** What an answer leads to other than the end; `undefined` when it is the end. */
function afterAnswer(
  reply: AssistantEntry,
  view: TurnView,
  { rules, turn, stop }: { rules: Rules; turn: string; stop: Ending | undefined },
): NextStep | undefined {
  if (reply.finishReason === "cancelled" || stop !== undefined) return undefined;
  if (view.joining) return { type: "take_in", turn };
  return reply.finishReason === "stop" ? corrected(reply, view, rules) : undefined;
}

/** How a turn ends whose last entry is this reply. A complete answer is kept, also when someone requested a stop. */
function endOf({ finishReason }: AssistantEntry, stop: Ending | undefined): Ending {
  if (finishReason === "cancelled") return stop ?? { reason: "cancelled" };
  return { reason: finishReason === "length" ? "length" : "completed" };
}

/** Most times that a call is begun which may be run again after a crash: it may be the call that crashes the instance. */
const mostRuns = 4;

/** After a crash it is not known whether a call had run: a call that could do harm is not run again, and the others only a limited number of times. */
function sortOut(open: OpenCalls, view: TurnView, rules: Rules) {
  const { entries, intents, runs, nowMs, stepped = noSteppedCalls } = view;
  const due = (call: WaitingCall) => nowMs >= waitUntilMs(call, rules);
  const copies = copiesOf(entries);
  const toOpen = unopened(open, view).filter((call) => !due(call));
  const own: ToolCall[] = [...open.ready.filter(({ id }) => copies[id] === undefined), ...toOpen.map(plainCall)];
  const looping = own.filter((call) => isLooping(call, entries) !== "no");
  const rest = own.filter((call) => !looping.includes(call));
  // What a call with steps has done is in their rows: running it again repeats none of it.
  const unknown = rest.filter(
    ({ id, name }) => intents.has(id) && !stepped.has(id) && rules.effectOf(name) === "unsafe",
  );
  const crashing = rest.filter((call) => !unknown.includes(call) && (runs?.get(call.id) ?? 0) >= mostRuns);
  const refused: RefusedCall[] = [
    ...crashing.map((call) => ({ call, content: notRun.crashing(mostRuns) })),
    ...unknown.map((call) => ({ call, content: notRun.unknown })),
    ...looping.map((call) => ({ call, content: notRun.looping })),
    ...open.ready.flatMap((call) => {
      const original = copies[call.id];
      return original === undefined ? [] : [{ call, content: notRun.copy(original) }];
    }),
    ...open.denied.map(({ call, by }) => ({ call, content: notRun.denied(by.reason) })),
    ...open.waiting.filter(due).map(({ kind, sinceMs: _, ...call }) => ({ call, content: notRun.expired(kind) })),
  ];
  const calls = rest.filter(
    (call) =>
      !unknown.includes(call) &&
      !crashing.includes(call) &&
      suspendedUntilMs(stepped.get(call.id), nowMs) === undefined,
  );
  const suspended = suspendedCalls(open.ready, stepped, nowMs);
  return { calls, refused, waiting: open.waiting.filter((call) => !due(call)), suspended };
}

/** The calls that are to be handed to another agent, which does not work at them yet. */
function unopened({ waiting }: OpenCalls, { opened }: TurnView): WaitingCall[] {
  return waiting.filter(({ kind, id }) => kind === "agent" && !opened?.has(id));
}

function plainCall({ id, name, arguments: text }: ToolCall): ToolCall {
  return { id, name, arguments: text };
}

/** How long a call waits at most, in ms since 1970. */
export function waitUntilMs(call: WaitingCall, rules: Pick<Rules, "maxWaitMs" | "waitMsOf">): number {
  return call.sinceMs + (rules.waitMsOf?.(call) ?? rules.maxWaitMs);
}

/** The calls of the newest reply that are copies of others of it. */
function copiesOf(entries: readonly Entry[]): Record<string, string> {
  const reply = entries.findLast((entry) => entry.type === "assistant");
  return reply?.copies ?? {};
}

function endOfWait(waiting: readonly WaitingCall[], suspended: readonly SuspendedCall[], rules: Rules): number {
  const answers = waiting.map((call) => waitUntilMs(call, rules));
  return Math.min(...answers, ...suspended.flatMap(({ waits }) => waits.map(({ untilMs }) => untilMs)));
}

/** The step after an answer that is not acceptable; `undefined` when it is acceptable, or when the note to the model did not help. */
function corrected(reply: AssistantEntry, { entries, place }: TurnView, rules: Rules): NextStep | undefined {
  const [first] = entries;
  const format = first?.type === "user" ? first.options.responseFormat : undefined;
  const complaint = reply.noCall ? noCall : rules.complaint(reply.content, format);
  if (complaint === undefined) return undefined;
  const { turn, step } = reply;
  const isNoted = entries.some((entry) => entry.type === "note" && (entry.content === noCall.note) === !!reply.noCall);
  if (!isNoted) return { type: "correct", turn, note: complaint.note };
  const failure = complaint.failure && worded(complaint.failure, place);
  return failure && { type: "end_turn", turn, step, reason: "failed", refused: [], failure };
}

/** Hosts lose calls between the model and the wire (hermes-agent#75926, mastra#14187). */
const noCall: Complaint = {
  note: "You ended your reply to call a tool, but no call came through. Call the tool now, or answer with what you know.",
  failure: noCallFailure,
};

/** Several deploys may follow one another: a few tries cut off within minutes do not mean that the call itself is at fault. */
function isHopeless({ barren, nowMs }: TurnView, { maxBarrenTries, maxBarrenMs }: Rules): boolean {
  return barren.tries >= maxBarrenTries && nowMs - barren.sinceMs >= maxBarrenMs;
}

/** What a host sent is kept with the step; the turn's end is for people. */
function withoutRaw({ raw: _, ...failure }: Failure): Failure {
  return failure;
}

function interruptedTooOften(attempts: number): Failure {
  return {
    code: "internal",
    cause: "interrupted",
    detail: `The model call was interrupted ${attempts} times before it could bring anything. Send the message again.`,
    retryable: true,
  };
}

/** Equal calls of a turn that fail, or that succeed, before the model is instructed to stop. */
const mostFailing = 3;
const mostEqual = 5;

/**
 * Whether a call, which has no result yet, was made too often before, as V3 and V3.2 do now and then (DeepSeek-V3 #15,
 * Roo-Code #10101, gptme #3459): `yes` the first time, `still` when the model was instructed already.
 */
function isLooping(call: ToolCall, entries: readonly Entry[]): "no" | "yes" | "still" {
  const results = entries.flatMap((entry) => {
    if (entry.type !== "assistant") return [];
    const equal = entry.toolCalls.filter(
      ({ id, name, arguments: text }) =>
        name === call.name && text === call.arguments && entry.copies?.[id] === undefined,
    );
    return equal.flatMap(
      ({ id }) => entries.find((each) => each.type === "tool" && each.step === entry.step && each.callId === id) ?? [],
    );
  });
  const failing = results.filter((result) => result.type === "tool" && result.isError).length;
  const wasInstructed = results.some((result) => result.type === "tool" && result.content === notRun.looping);
  if (wasInstructed) return "still";
  return failing >= mostFailing || results.length >= mostEqual ? "yes" : "no";
}

export const loopingFailure: Failure = {
  code: "model_looping",
  detail: "The model went on making the same call after it was instructed to stop.",
  retryable: true,
};

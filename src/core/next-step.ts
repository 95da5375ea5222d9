/** Reads a turn's entries and says the one next step. It never does the step: the same answer serves normal running and resuming after a crash. */
import type { AssistantEntry, Entry, FailedTry, ResponseFormat, TurnEndReason } from "./entry.ts";
import type { Failure } from "./errors.ts";
import { isLooping, loopingFailure } from "./looping.ts";
import type { ToolCall } from "./message.ts";

/** What running a tool twice would do: nothing, nothing when it gets the same key, or harm. */
export type Effect = "none" | "keyed" | "unsafe";

/** The open turn as the log has it. */
export interface TurnView {
  /** The turn's entries in order, beginning with its user entry; empty when no turn is open. */
  entries: readonly Entry[];
  /** Someone asked to stop the turn. */
  cancelRequested: boolean;
  /** How often the next model call was begun already, by runners that died in it. */
  attempts: number;
  /** True on the first look of a runner: calls without a result may have been running when the last runner died. */
  interrupted: boolean;
}

/** What the agent allows. */
export interface Rules {
  /** Most model calls in a turn. */
  maxSteps: number;
  /** Most tries of one model call, counting those a crash cut off. */
  maxAttempts: number;
  effectOf(toolName: string): Effect;
  /** What to do about a model call that failed. `tries` are those of this step, the last one just now; `chance` is from 0 to 1. */
  afterFailure(tries: readonly FailedTry[], chance: number): AfterFailure;
  /** What is wrong with a final answer; `undefined` when nothing is. */
  complaint(content: string, format: ResponseFormat | undefined): Complaint | undefined;
}

/** `note`: what the model is told, once. `failure`: how the turn fails when that does not help; without one the answer stands. */
export interface Complaint {
  note: string;
  failure?: Failure;
}

export type AfterFailure =
  | { type: "give_up" }
  /** `continue` goes on behind the text that is there, `restart` voids it. `model`: another one than before. */
  | { type: "again"; how: "restart" | "continue"; afterMs: number; model?: string; otherReasoningRule?: boolean };

export type Again = Extract<AfterFailure, { type: "again" }>;

export type NextStep =
  | { type: "idle" }
  | { type: "call_model"; turn: string; step: number }
  /** `calls` are to be run; `unknown` were perhaps run before a crash and must not be run again; `looping` were made too often. */
  | { type: "run_tools"; turn: string; step: number; calls: ToolCall[]; unknown: ToolCall[]; looping: ToolCall[] }
  /** The answer will not do: the model is told why, and called again. */
  | { type: "correct"; turn: string; note: string }
  /** `unanswered` calls get a result that says they were not run, so that the log stays legal. */
  | { type: "end_turn"; turn: string; step: number; reason: TurnEndReason; unanswered: ToolCall[]; failure?: Failure };

/** The one next step of the open turn. Pure: the same view gives the same step. */
export function nextStep(view: TurnView, rules: Rules): NextStep {
  const first = view.entries[0];
  const last = view.entries.at(-1);
  if (first === undefined || last === undefined || last.type === "turn_ended") return { type: "idle" };

  const { turn } = first;
  const steps = view.entries.filter((entry) => entry.type === "assistant" || entry.type === "step_failed").length;
  const reply = view.entries.findLast((entry) => entry.type === "assistant");
  const open = reply === undefined ? [] : openCalls(reply, view.entries);
  const end = (reason: TurnEndReason, failure?: Failure): NextStep => ({
    type: "end_turn",
    turn,
    step: steps,
    reason,
    unanswered: open,
    ...(failure && { failure }),
  });

  if (last.type === "step_failed") return end(view.cancelRequested ? "cancelled" : "failed", last.failure);
  if (last.type === "assistant") {
    const reason = endOf(last);
    if (reason === "completed") return corrected(last, view, rules) ?? end(reason);
    if (reason !== undefined) return end(reason);
  }
  if (view.cancelRequested) return end("cancelled");
  if (open.some((call) => isLooping(call, view.entries) === "still")) return end("failed", loopingFailure);
  if (open.length > 0) return { type: "run_tools", turn, step: steps, ...sortOut(open, view, rules) };
  if (steps >= rules.maxSteps) return end("step_limit");
  if (view.attempts >= rules.maxAttempts) return end("failed", interruptedTooOften(view.attempts));
  return { type: "call_model", turn, step: steps + 1 };
}

/** How a turn ends whose last entry is this reply; `undefined` when the reply asks for more. */
function endOf(reply: AssistantEntry): TurnEndReason | undefined {
  switch (reply.finishReason) {
    case "length":
      return "length";
    case "cancelled":
      return "cancelled";
    case "stop":
      return "completed";
    case "tool_calls":
      return undefined;
  }
}

function openCalls(reply: AssistantEntry, entries: readonly Entry[]): ToolCall[] {
  const answered = new Set(
    entries.map((entry) => (entry.type === "tool" && entry.step === reply.step ? entry.callId : undefined)),
  );
  return reply.toolCalls.filter((call) => !answered.has(call.id));
}

/** After a crash nobody knows whether an open call had run: only those that bear running twice are run again. */
function sortOut(open: ToolCall[], { interrupted, entries }: TurnView, rules: Rules) {
  const looping = open.filter((call) => isLooping(call, entries) !== "no");
  const rest = open.filter((call) => !looping.includes(call));
  const unknown = rest.filter((call) => interrupted && rules.effectOf(call.name) === "unsafe");
  return { calls: rest.filter((call) => !unknown.includes(call)), unknown, looping };
}

/** The step that an answer leads to which will not do; `undefined` when it will, or when telling the model did not help. */
function corrected(reply: AssistantEntry, { entries, cancelRequested }: TurnView, rules: Rules): NextStep | undefined {
  const [first] = entries;
  const complaint = rules.complaint(reply.content, first?.type === "user" ? first.options.responseFormat : undefined);
  if (complaint === undefined) return undefined;
  const { turn, step } = reply;
  const told = entries.some((entry) => entry.type === "note");
  if (!told && !cancelRequested) return { type: "correct", turn, note: complaint.note };
  const { failure } = complaint;
  return failure && { type: "end_turn", turn, step, reason: "failed", unanswered: [], failure };
}

function interruptedTooOften(attempts: number): Failure {
  return {
    code: "internal",
    detail: `The model call was interrupted ${attempts} times before it could finish. Send the message again.`,
    retryable: true,
  };
}

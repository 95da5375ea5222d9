/** Reads a turn's entries and says the one next step. It never does the step: the same answer serves normal running and resuming after a crash. */
import type { AssistantEntry, Entry, TurnEndReason } from "./entry.ts";
import type { Failure } from "./errors.ts";
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
}

export type NextStep =
  | { type: "idle" }
  | { type: "call_model"; turn: string; step: number }
  /** `calls` are to be run; `unknown` were perhaps run before a crash and must not be run again. */
  | { type: "run_tools"; turn: string; step: number; calls: ToolCall[]; unknown: ToolCall[] }
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
    const finished = endOf(last);
    if (finished !== undefined) return end(finished);
  }
  if (view.cancelRequested) return end("cancelled");
  if (open.length > 0) return { type: "run_tools", turn, step: steps, ...sortOut(open, view.interrupted, rules) };
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
function sortOut(open: ToolCall[], interrupted: boolean, rules: Rules): { calls: ToolCall[]; unknown: ToolCall[] } {
  if (!interrupted) return { calls: open, unknown: [] };
  const unsafe = (call: ToolCall) => rules.effectOf(call.name) === "unsafe";
  return { calls: open.filter((call) => !unsafe(call)), unknown: open.filter(unsafe) };
}

function interruptedTooOften(attempts: number): Failure {
  return {
    code: "internal",
    detail: `The model call was interrupted ${attempts} times before it could finish. Send the message again.`,
    retryable: true,
  };
}

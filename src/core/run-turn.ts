/** The loop: asks `nextStep`, does that step through `Effects`, appends what happened, until the turn has ended. It keeps no state of its own. */
import { callModel } from "./call-model.ts";
import { addUsage, noUsage } from "./cost.ts";
import type { Effects } from "./effects.ts";
import type { Entry, NewEntry } from "./entry.ts";
import { loopingResult } from "./looping.ts";
import type { ToolCall } from "./message.ts";
import { type NextStep, nextStep, type Rules } from "./next-step.ts";

/** Runs the open turn to its end. Safe to call at any time, also when no turn is open or a former runner died half-way. */
export async function runTurn(effects: Effects, rules: Rules): Promise<void> {
  for (let interrupted = true; ; interrupted = false) {
    const view = effects.look();
    const next = nextStep({ ...view, interrupted }, rules);
    switch (next.type) {
      case "idle":
        return;
      case "call_model":
        await callModel(next, effects, rules);
        break;
      case "run_tools":
        await runTools(next, effects);
        break;
      case "correct":
        await effects.append([{ type: "note", turn: next.turn, content: next.note, atMs: effects.now() }]);
        break;
      case "end_turn":
        return effects.append(ending(next, view.entries, effects.now()));
    }
  }
}

/** Calls run side by side; each result is recorded as it comes, so that a crash loses only what was still running. */
async function runTools(next: Extract<NextStep, { type: "run_tools" }>, effects: Effects): Promise<void> {
  const { turn, step, calls, unknown, looping } = next;
  const refused = [
    ...unknown.map((call) => notRun(call, next, effects.now(), outcomeUnknown)),
    ...looping.map((call) => notRun(call, next, effects.now(), loopingResult)),
  ];
  if (refused.length > 0) await effects.append(refused);
  const runOne = async (call: ToolCall) => {
    const beganMs = effects.now();
    const result = await effects.runTool(call, { turn, step });
    const atMs = effects.now();
    await effects.append([{ type: "tool", turn, step, ...result, durationMs: atMs - beganMs, atMs }]);
  };
  await Promise.all(calls.map(runOne));
}

function ending(next: Extract<NextStep, { type: "end_turn" }>, entries: readonly Entry[], atMs: number): NewEntry[] {
  const calls = entries.filter((entry) => entry.type === "assistant" || entry.type === "step_failed");
  return [
    ...next.unanswered.map((call) => notRun(call, next, atMs, turnOver)),
    {
      type: "turn_ended",
      turn: next.turn,
      reason: next.reason,
      ...(next.reason === "failed" && next.failure && { failure: next.failure }),
      usage: calls.reduce((sum, call) => addUsage(sum, call.usage), noUsage),
      costMicros: calls.reduce((sum, call) => sum + call.costMicros, 0),
      steps: calls.length,
      atMs,
    },
  ];
}

const turnOver = "Not run: the turn was ended first.";
const outcomeUnknown =
  "Outcome unknown: the server stopped while this tool was running, and it is not safe to run it twice. Check whether it took effect before you try again.";

function notRun(call: ToolCall, of: { turn: string; step: number }, atMs: number, content: string): NewEntry {
  const { turn, step } = of;
  return { type: "tool", turn, step, callId: call.id, name: call.name, content, isError: true, durationMs: 0, atMs };
}

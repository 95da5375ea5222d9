/** The loop: calls `nextStep`, does that step through `Effects`, appends what happened, until the turn has ended or waits for a person, a client, another agent, a signal or a time. It keeps no state of its own. */
import { callModel } from "./call-model.ts";
import { compact } from "./compact.ts";
import type { Effects } from "./effects.ts";
import { ending, refusal } from "./ending.ts";
import type { NewEntry } from "./entry.ts";
import type { ToolCall } from "./message.ts";
import { type NextStep, nextStep, type Rules } from "./next-step.ts";

/** Runs the open turn as far as it goes. Safe to call at any time, also when no turn is open or a former runner died half-way. */
export async function runTurn(effects: Effects, rules: Rules): Promise<void> {
  for (;;) {
    const view = effects.look();
    const next = nextStep(view, rules);
    if (asksOutside(next) && effects.isSpent) return;
    switch (next.type) {
      case "idle":
      case "wait":
        return;
      case "call_model":
        await callModel(next, effects, rules);
        break;
      case "run_tools":
        await runTools(next, effects);
        break;
      case "take_in":
        await effects.takeIn();
        break;
      case "compact":
        await compact(next, effects, rules, { why: "in_time" });
        break;
      case "correct":
        await effects.append([{ type: "note", turn: next.turn, content: next.note, atMs: effects.now() }]);
        break;
      case "end_turn":
        return effects.append(ending(next, view.entries, effects.now(), cutOff(effects)));
    }
  }
}

function asksOutside({ type }: NextStep): boolean {
  return type === "call_model" || type === "run_tools" || type === "compact";
}

/** Most calls that run at the same time: an invocation has six connections, and a request that waits for one would spend its time limit waiting (developers.cloudflare.com/workers/platform/limits). */
const mostAtOnce = 5;

/** Calls run side by side; each result is recorded as it comes, so that a crash loses only what was still running. What this invocation may not begin any more stays open for the next one. */
async function runTools(next: Extract<NextStep, { type: "run_tools" }>, effects: Effects): Promise<void> {
  const { turn, step, calls, refused } = next;
  if (refused.length > 0) await effects.append(refused.map((call) => refusal(call, next, effects.now())));
  const runOne = async (call: ToolCall) => {
    const beganMs = effects.now();
    const result = await effects.runTool(call, { turn, step });
    if (result === undefined) return;
    const atMs = effects.now();
    await effects.append([{ type: "tool", turn, step, ...result, durationMs: atMs - beganMs, atMs }]);
  };
  const left = [...calls];
  const runSome = async () => {
    for (let call = left.shift(); call !== undefined; call = left.shift()) {
      if (effects.isSpent) return;
      await runOne(call);
    }
  };
  // All of them have ended before a failure is passed on: none may be running when the turn is resumed.
  const runs = await Promise.allSettled(Array.from({ length: mostAtOnce }, runSome));
  const failed = runs.find((run) => run.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** The text of an answer that a crash cut off, and that will not be finished now, is kept as far as it arrived. */
function cutOff(effects: Effects): NewEntry[] {
  const partial = effects.cutOff();
  return partial === undefined ? [] : [partial];
}

/** What a long tool of a soak does, as data: the same plan is made by the harness and run by the tool. Pure. */
import type { Effect } from "../../src/core/next-step.ts";
import type { ToolStep } from "../../src/tools/steps/step.ts";

/** Names are unique within a plan. */
export type PlanPart =
  | { do: string; effect: Effect }
  | { sleep: string; ms: number }
  | { waitFor: string; timeout: number }
  | { all: PlanPart[][] };

/** What the steps of a plan came to, by name: `unknown` where a crash cut off an unsafe one. */
export type PlanOutcome = Record<string, unknown>;

/** Runs the parts one after the other; `act` is an effect in the world. */
export async function runPlan(
  parts: readonly PlanPart[],
  step: ToolStep,
  act: (of: { name: string; effect: Effect; key: string }) => Promise<unknown>,
): Promise<PlanOutcome> {
  const outcome: PlanOutcome = {};
  for (const part of parts) {
    if ("do" in part) {
      const { do: name, effect } = part;
      const run = ({ idempotencyKey: key }: { idempotencyKey: string }) => act({ name, effect, key });
      outcome[name] = await step.do(name, run, { effect }).catch((error: Error) => {
        if (error.name === "step_outcome_unknown") return "unknown";
        throw error;
      });
    } else if ("sleep" in part) await step.sleep(part.sleep, part.ms);
    else if ("waitFor" in part)
      outcome[part.waitFor] = (await step.waitFor(part.waitFor, { timeout: part.timeout }))?.value ?? null;
    else Object.assign(outcome, ...(await step.all(part.all.map((each) => runPlan(each, step, act)))));
  }
  return outcome;
}

/** All parts of a plan, those side by side too. */
export function flatParts(parts: readonly PlanPart[]): Exclude<PlanPart, { all: PlanPart[][] }>[] {
  return parts.flatMap((part) => ("all" in part ? part.all.flatMap(flatParts) : [part]));
}

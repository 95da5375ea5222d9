/** WHAT an agent's newest turns say of a guardrail's metric: whether there is data on it at all, and what the smallest harm is computed from. Pure. */
import { isRate, type Metric } from "../../rollout/plan.ts";
import { assumedFacts, type BaselineFacts } from "../../rollout/smallest-harm.ts";
import type { TurnFacts } from "./rollout-store.ts";

/** Fewer turns say nothing reliable: then figures are assumed. */
const fewestTurns = 20;

/** An agent that had no turn yet will have data on all that turns have; feedback has to be there. */
export function hasData(metric: Metric, { turns, timed, cost, rated }: TurnFacts): boolean {
  if (metric === "negative_feedback") return rated > 0;
  if (turns < fewestTurns) return true;
  if (metric === "cost_micros") return cost > 0;
  return metric !== "first_event_ms" || timed > 0;
}

/** Facts of the baseline on the metric; assumed ones where it had too few turns. */
export function factsFor(metric: Metric, facts: TurnFacts): BaselineFacts & { isAssumed: boolean } {
  const assumed = { ...assumedFacts(metric), isAssumed: true };
  if (metric === "negative_feedback")
    return facts.rated < fewestTurns ? assumed : { mean: inRange(facts.negative), deviation: 0, isAssumed: false };
  if (facts.turns < fewestTurns) return assumed;
  if (isRate(metric)) {
    const rates = { failed_turns: facts.failed, tool_errors: facts.toolErrors, repairs: facts.repairs };
    return { mean: inRange(rates[metric]), deviation: 0, isAssumed: false };
  }
  const [mean, squared] =
    metric === "cost_micros" ? [facts.cost, facts.costSquared] : [facts.first, facts.firstSquared];
  if (mean <= 0) return assumed;
  return { mean, deviation: Math.sqrt(Math.max(0, squared - mean ** 2)), isAssumed: false };
}

/** A rate of exactly 0 or 1 is one that was not seen often enough. */
function inRange(rate: number): number {
  return Math.min(0.95, Math.max(0.001, rate));
}

/** A rollout with made-up traffic: keys come one by one, each with one turn, until the rollout ends or the keys are used up. */
import { armOf, seedOf } from "../../src/rollout/assignment.ts";
import { decide, isFinal, progressAfter, type RolloutProgress } from "../../src/rollout/decide.ts";
import { type CountedTurn, type GuardState, newGuard, nextStage, withTurn } from "../../src/rollout/guard.ts";
import { type Arm, candidateShare, type RolloutPlan, splitAlpha } from "../../src/rollout/plan.ts";

export const plan = (of: Partial<RolloutPlan> = {}): RolloutPlan => ({
  ...{ agent: "support", candidate: "v_new", baseline: "v_old", key: "session", holdback: 0 },
  stages: [{ share: 0.5, minSessions: 100_000, holdSeconds: 0 }],
  guardrails: splitAlpha([{ metric: "failed_turns", worseBy: 0.05 }]),
  ...of,
});

export const begun: RolloutProgress = {
  ...{ state: "running", stage: 0, stageStartedAtMs: 0, lastKeyAtMs: null, hold: null, waived: [] },
};

export const plainTurn: CountedTurn = {
  ...{ arm: "baseline", stage: 0, ordinal: 1, failed: false, toolErrors: 0, repairs: 0 },
  ...{ costMicros: 1_000, firstEventMs: 800, cachedTokens: 100 },
};

export interface World {
  keys: number;
  random: () => number;
  turn(arm: Arm, random: () => number): Partial<CountedTurn>;
}

export interface Simulated {
  progress: RolloutProgress;
  guard: GuardState;
  /** Keys that had come when the rollout ended. */
  keys: number;
}

/** `name`: of the rollout; its keys are `key-0`, `key-1`, … */
export function simulate(name: string, of: RolloutPlan, { keys, random, turn }: World): Simulated {
  const seed = seedOf(name);
  let progress = begun;
  let guard = newGuard(of);
  for (let n = 0; n < keys; n++) {
    const arm = armOf(`key-${n}`, { seed, share: candidateShare(of, progress.stage) });
    guard = withTurn(guard, of, { ...plainTurn, arm, stage: progress.stage, ...turn(arm, random) });
    if (arm === "candidate") progress = { ...progress, lastKeyAtMs: n };
    const decision = decide({ plan: of, progress, guard, nowMs: n });
    if (decision === undefined) continue;
    progress = progressAfter(progress, decision, n);
    if (decision.kind === "advance") guard = nextStage(guard);
    if (isFinal(progress.state)) return { progress, guard, keys: n + 1 };
  }
  return { progress, guard, keys };
}

/** Another number of the normal distribution with each call (Box and Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

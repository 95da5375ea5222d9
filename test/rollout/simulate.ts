/** A rollout with made-up traffic: keys come one by one, each with one turn, until the rollout ends or the keys are used up. */
import { armOf, chanceOf, type EarlierStage, seedOf } from "../../src/rollout/assignment.ts";
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
  ...{ arm: "baseline", stage: 0, ordinal: 1, chance: 0.5, opens: true, failed: false, toolErrors: 0, repairs: 0 },
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
    const chance = candidateShare(of, progress.stage);
    const arm = armOf(`key-${n}`, { seed, share: chance });
    guard = withTurn(guard, of, { ...plainTurn, arm, chance, stage: progress.stage, ...turn(arm, random) });
    if (arm === "candidate") progress = { ...progress, lastKeyAtMs: n };
    const decision = decide({ plan: of, progress, guard, nowMs: n });
    if (decision === undefined) continue;
    progress = progressAfter(progress, decision, n);
    if (decision.kind === "advance") guard = nextStage(guard, of);
    if (isFinal(progress.state)) return { progress, guard, keys: n + 1 };
  }
  return { progress, guard, keys };
}

/** The same with few keys that come again in every stage, each with its own habit: `fails(key)`. Each stage ends when all have come. */
export function simulateAgain(
  name: string,
  of: RolloutPlan,
  { keys, fails }: { keys: number; fails(key: number): boolean },
) {
  const seed = seedOf(name);
  const known = new Map<number, EarlierStage[]>();
  let guard = newGuard(of);
  for (let stage = 0; stage < of.stages.length; stage++) {
    if (stage > 0) guard = nextStage(guard, of);
    const share = candidateShare(of, stage);
    for (let key = 0; key < keys; key++) {
      const earlier = known.get(key) ?? [];
      const arm = armOf(`key-${key}`, { seed, share });
      const chance = chanceOf(share, earlier);
      guard = withTurn(guard, of, { ...plainTurn, arm, chance, stage, failed: fails(key) });
      known.set(key, [...earlier, { arm, share }]);
      const progress = { ...begun, stage };
      if (decide({ plan: of, progress, guard, nowMs: 0 })?.kind === "roll_back") return { isRolledBack: true, guard };
    }
  }
  return { isRolledBack: false, guard };
}

/** Another number of the normal distribution with each call (Box and Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

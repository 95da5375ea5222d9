import { describe, expect, it } from "vitest";
import { splitAlpha } from "../../src/rollout/plan.ts";
import { plannedSample, smallestHarms } from "../../src/rollout/smallest-harm.ts";
import { randomOf } from "../support/random.ts";
import { normal, plan, simulate, simulateAgain, type World } from "./simulate.ts";

const seed = Number(process.env.SEED ?? 22);
/** 4 is the full size: 1,000 rollouts of each kind. */
const scale = Number(process.env.LONGLINE_SIMULATIONS ?? 1);
const runs = 250 * scale;
console.log(`simulated rollouts: SEED=${seed} LONGLINE_SIMULATIONS=${scale}`);

/** Log-normal costs: few keys cost many times what most do. */
const sigma = 0.5;
const spread = Math.sqrt(Math.exp(sigma ** 2) - 1);
const cost = splitAlpha([{ metric: "cost_micros", worseBy: 0.3 }]);
const costs = (of: number, random: () => number) => ({ costMicros: Math.round(of * Math.exp(sigma * normal(random))) });

/** In how many of so many rollouts the candidate was rolled back. */
function rolledBack(count: number, of: ReturnType<typeof plan>, world: Omit<World, "random">): number {
  const random = randomOf(seed);
  const ended = Array.from({ length: count }, (_, run) => simulate(`ro_${seed}_${run}`, of, { ...world, random }));
  return ended.filter(({ progress }) => progress.state === "rolled_back").length;
}

const rates =
  (baseline: number, candidate: number): World["turn"] =>
  (arm, random) => ({
    failed: random() < (arm === "candidate" ? candidate : baseline),
  });
const stage = (share: number, minSessions: number) => ({ share, minSessions, holdSeconds: 0 });

describe("simulated rollouts", () => {
  it("[GUARD-1] of a version that changes nothing at most 5 % are rolled back, though each key is looked at", () => {
    const guardrails = splitAlpha(
      [...cost, { metric: "failed_turns" as const, worseBy: 0.05 }].map(({ metric, worseBy }) => ({ metric, worseBy })),
    );
    const of = plan({ guardrails, stages: [stage(0.1, 15), stage(0.5, 60)] });
    const turn: World["turn"] = (arm, random) => ({ ...rates(0.04, 0.04)(arm, random), ...costs(1_000, random) });
    const wrong = rolledBack(runs, of, { keys: 250, turn });
    console.log(`A/A: ${wrong} of ${runs} rolled back`);
    expect(wrong).toBeLessThanOrEqual(0.05 * runs);
  });

  it("[GUARD-2] failures of 10 % in place of 2 % are rolled back within 500 sessions in at least 85 %", () => {
    const found = rolledBack(300, plan(), { keys: 500, turn: rates(0.02, 0.1) });
    console.log(`2 % -> 10 %: ${found} of 300 rolled back`);
    expect(found / 300).toBeGreaterThanOrEqual(0.85);
  });

  it("[GUARD-3] costs of 30 % more are seen with the planned sample in at least 80 %", () => {
    const keys = plannedSample(cost[0] ?? { worseBy: 0.3, alpha: 0.05 }, { share: 0.5, mean: 1, deviation: spread });
    const of = plan({ guardrails: cost, stages: [stage(0.5, Math.round(keys / 2))] });
    const turn: World["turn"] = (arm, random) => costs(arm === "candidate" ? 1_300 : 1_000, random);
    const found = rolledBack(200, of, { keys, turn });
    console.log(`cost +30 %: ${found} of 200 seen within ${keys} keys`);
    expect(found / 200).toBeGreaterThanOrEqual(0.8);
  });

  it("[GUARD-4] a better version is never rolled back", () => {
    const of = plan({ stages: [stage(0.5, 150)] });
    expect(rolledBack(runs, of, { keys: 250, turn: rates(0.1, 0.05) })).toBe(0);
  });

  it("[GUARD-15] of 40 people who come again in every stage, some of whom always fail, no more than 5 % are rolled back", () => {
    const stages = [0.3, 0.3, 0.3, 0.3, 0.5, 0.5, 0.5, 0.5].map((share) => stage(share, 1_000));
    const random = randomOf(seed);
    const again = Array.from({ length: runs }, (_, run) => {
      const bad = new Set(Array.from({ length: 40 }, (_, key) => key).filter(() => random() < 0.1));
      return simulateAgain(`ro_${seed}_${run}`, plan({ stages }), { keys: 40, fails: (key) => bad.has(key) });
    });
    const wrong = again.filter(({ isRolledBack }) => isRolledBack).length;
    console.log(`A/A with keys that come again: ${wrong} of ${runs} rolled back`);
    expect(wrong).toBeLessThanOrEqual(0.05 * runs);
  });

  it.each([
    [0.1, 50, 0.02],
    [0.5, 100, 0.1],
  ])(
    "[GUARD-10] the smallest harm that a stage is said to see is seen in at least 80 % (share %f, %i keys, base %f)",
    (share, keys, base) => {
      const of = plan({ stages: [stage(share, keys)] });
      const [harm] = smallestHarms(of, of.guardrails[0] ?? (cost[0] as never), { mean: base, deviation: 0 });
      const found = rolledBack(100, of, { keys: Math.round(keys / share), turn: rates(base, base + (harm ?? 0)) });
      console.log(`smallest harm ${harm?.toFixed(3)}: ${found} of 100 seen`);
      // 80 less three standard errors.
      expect(found).toBeGreaterThanOrEqual(68);
    },
  );
});

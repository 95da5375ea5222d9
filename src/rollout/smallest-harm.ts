/** WHICH harm a rollout can see before it begins: by each stage's end, with four chances of five, from what is known of the baseline. Pure. */
import { ordinals, plannedUnits } from "./guard.ts";
import { halfWidth } from "./mean-evidence.ts";
import { type Arm, candidateShare, type Guardrail, isRate, type RolloutPlan } from "./plan.ts";
import { alternative, factors, neededAfter } from "./rate-evidence.ts";

/** What is known of the baseline's keys on a metric. */
export interface BaselineFacts {
  /** Of a rate: the share. Of an average: the average. */
  mean: number;
  /** Of an average: the standard deviation between keys. */
  deviation: number;
}

/** Where nothing is known: 3 % of keys, and costs and times that differ between keys as much as their average. */
export function assumedFacts(metric: Guardrail["metric"]): BaselineFacts {
  return isRate(metric) ? { mean: 0.03, deviation: 0 } : { mean: 1, deviation: 1 };
}

/** The chance with which the harm is found: 0.8, and its quantile of the normal distribution. */
const quantile = 0.84;
/** What the tests of rates lose by not knowing the real rates (evidence is spread over several alternatives), as a logarithm. Simulated: `test/rollout/smallest-harm.test.ts`. */
const learning = 0.9;

/**
 * The smallest harm, in the unit of `worse_by`, that the guardrail finds until the end of each stage with a chance of 0.8 when
 * every stage ends with its `min_sessions`; null where it cannot find any. With the first turn of each key.
 */
export function smallestHarms(plan: RolloutPlan, guardrail: Guardrail, facts: BaselineFacts): (number | null)[] {
  const sizes = plan.stages.map(({ minSessions }, stage) => sizeOf(minSessions, candidateShare(plan, stage)));
  const alpha = guardrail.metric === "negative_feedback" ? guardrail.alpha : guardrail.alpha * ordinals[0].part;
  return sizes.map((_, stage) => {
    const until = sizes.slice(0, stage + 1).filter(({ share }) => share < 1);
    if (until.length === 0) return null;
    return isRate(guardrail.metric)
      ? smallestRate(until, { alpha, rate: facts.mean, worseBy: guardrail.worseBy })
      : smallestMean(until, { alpha, plannedUnits: plannedUnits(plan), spread: facts.deviation / facts.mean });
  });
}

/** Keys of both arms, and the candidate's part of them. */
interface StageSize {
  units: number;
  share: number;
}

function sizeOf(minSessions: number, share: number): StageSize {
  return { units: minSessions / share, share };
}

/** The harm that is as large as its standard error times the bound and the quantile. */
function smallestMean(
  sizes: readonly StageSize[],
  { alpha, plannedUnits, spread }: { alpha: number; plannedUnits: number; spread: number },
): number | null {
  const units = sizes.reduce((sum, size) => sum + size.units, 0);
  const errors = halfWidth(units, { alpha, plannedUnits }) + quantile;
  return smallest(10, (harm) => {
    // Stages are weighted by how much they tell.
    const information = sizes.reduce((sum, size) => sum + size.units / variancePerUnit(size.share, harm), 0);
    return harm >= (errors * spread) / Math.sqrt(information);
  });
}

/**
 * The variance of the difference of the two averages, times the number of keys, in squares of the baseline's deviation. Costs
 * and times that are larger by a part differ by as much more; and the larger of the two ways, as in `compareMeans`.
 */
function variancePerUnit(share: number, harm: number): number {
  const worse = (1 + harm) ** 2;
  const own = 1 / (1 - share) + worse / share;
  const pooled = (1 - share + share * worse) / (share * (1 - share));
  return Math.max(own, pooled);
}

/** The harm whose evidence grows past what is needed, with the chance asked for. */
function smallestRate(
  sizes: readonly StageSize[],
  { alpha, rate, worseBy }: { alpha: number; rate: number; worseBy: number },
): number | null {
  // Keys on each arm: the harmonic mean, as in `neededForRate`.
  const keys = sizes.reduce((sum, { units, share }) => sum + 2 * units * share * (1 - share), 0);
  const needed = Math.log(neededAfter(keys, alpha)) + learning;
  return smallest(0.98 - rate, (harm) =>
    factors.some((factor) => {
      const assumed = alternative(rate, worseBy * factor);
      const steps = sizes.map((size) => growth(size, { baseline: rate, candidate: rate + harm }, assumed));
      const mean = steps.reduce((sum, step) => sum + step.mean, 0);
      const variance = steps.reduce((sum, step) => sum + step.variance, 0);
      return mean - quantile * Math.sqrt(variance) >= needed;
    }),
  );
}

/** The smallest harm that is seen, by bisection; null when not even the largest is. */
function smallest(most: number, isSeen: (harm: number) => boolean): number | null {
  if (!isSeen(most)) return null;
  let [low, high] = [0, most];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (isSeen(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Mean and variance of the logarithm of an e-process over a stage, by the real rates; `assumed`: the candidate's rate of its alternative. */
function growth(
  { units, share }: StageSize,
  real: Record<Arm, number>,
  assumed: number,
): { mean: number; variance: number } {
  const mixed = (1 - share) * real.baseline + share * assumed;
  const outcomes = [
    { probability: (1 - share) * real.baseline, log: Math.log(real.baseline / mixed) },
    { probability: (1 - share) * (1 - real.baseline), log: Math.log((1 - real.baseline) / (1 - mixed)) },
    { probability: share * real.candidate, log: Math.log(assumed / mixed) },
    { probability: share * (1 - real.candidate), log: Math.log((1 - assumed) / (1 - mixed)) },
  ].filter(({ probability }) => probability > 0);
  const mean = outcomes.reduce((sum, { probability, log }) => sum + probability * log, 0);
  const square = outcomes.reduce((sum, { probability, log }) => sum + probability * log ** 2, 0);
  return { mean: units * mean, variance: units * (square - mean ** 2) };
}

/** Keys of both arms with which a guardrail on an average finds its `worse_by` with a chance of 0.8, at one share. */
export function plannedSample(
  { worseBy, alpha }: Pick<Guardrail, "worseBy" | "alpha">,
  { share, mean, deviation }: BaselineFacts & { share: number },
): number {
  const planned = { alpha: alpha * ordinals[0].part, plannedUnits: 1 };
  const errors = (halfWidth(1, planned) + quantile) / worseBy;
  return Math.ceil((deviation / mean) ** 2 * errors ** 2 * variancePerUnit(share, worseBy));
}

/**
 * HOW MUCH speaks for a higher average (cost, time) on the candidate: a confidence sequence, valid whenever it is looked at and
 * narrowest at a planned sample. Pure; what is done about it is decided by the guard.
 */
import type { Arm } from "./plan.ts";
import { mostEvidence } from "./rate-evidence.ts";

/** Count, mean and sum of squared deviations (Welford): sums of squares of large costs would lose digits. */
export interface Moments {
  n: number;
  mean: number;
  m2: number;
}

/**
 * The arms side by side, of the keys of one stage that were on the candidate with one chance (`chanceOf`). Each stratum is
 * compared by itself: the shares of stages differ, what all keys cost changes with time, and keys that come again cost
 * something else than new ones.
 */
export interface StratumMoments {
  stage: number;
  chance: number;
  baseline: Moments;
  candidate: Moments;
}

export interface MeanEvidence {
  strata: StratumMoments[];
}

/** Keys on each arm before anything is concluded: the sequence is an asymptotic one. */
const fewestUnits = 20;

export function noMeanEvidence(): MeanEvidence {
  return { strata: [] };
}

/** The evidence with one more key. `stage`: from 0; `chance`: as of a `CountedTurn`. */
export function withMeanSample(
  { strata }: MeanEvidence,
  { arm, value, stage, chance }: { arm: Arm; value: number; stage: number; chance: number },
): MeanEvidence {
  const isMine = (each: StratumMoments) => each.stage === stage && each.chance === chance;
  const all = strata.some(isMine)
    ? strata
    : [...strata, { stage, chance, baseline: noMoments(), candidate: noMoments() }];
  return { strata: all.map((each) => (isMine(each) ? { ...each, [arm]: added(each[arm], value) } : each)) };
}

function noMoments(): Moments {
  return { n: 0, mean: 0, m2: 0 };
}

function added({ n, mean, m2 }: Moments, value: number): Moments {
  const difference = value - mean;
  const next = mean + difference / (n + 1);
  return { n: n + 1, mean: next, m2: m2 + difference * (value - next) };
}

export interface MeanComparison {
  /** Keys of both arms. */
  units: number;
  baselineMean: number;
  /** The candidate's average less the baseline's. */
  difference: number;
  standardError: number;
  /** An e-value, as `rateEvidence`. */
  evidence: number;
  /** Where the difference is, as far as is known; it holds at every look with 1 - 2 alpha. */
  interval: [low: number, high: number];
}

/** What was planned: `units` of both arms at which the sequence is to be narrowest. */
export interface MeanTest {
  alpha: number;
  plannedUnits: number;
}

/** The arms compared; `undefined` while there are too few keys on either. */
export function compareMeans({ strata }: MeanEvidence, test: MeanTest): MeanComparison | undefined {
  const pairs = strata.filter(({ baseline, candidate }) => baseline.n > 1 && candidate.n > 1);
  const total = (arm: Arm) => pairs.reduce((sum, pair) => sum + pair[arm].n, 0);
  if (total("baseline") < fewestUnits || total("candidate") < fewestUnits) return undefined;
  // The weight of each stratum is the one that makes the variance of the sum smallest.
  const weights = pairs.map(({ baseline, candidate }) => (baseline.n * candidate.n) / (baseline.n + candidate.n));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const weighted = (value: (pair: StratumMoments) => number, power = 1) =>
    pairs.reduce((sum, pair, place) => sum + ((weights[place] ?? 0) / all) ** power * value(pair), 0);
  const difference = weighted(({ baseline, candidate }) => candidate.mean - baseline.mean);
  const standardError = Math.sqrt(weighted(squaredError, 2));
  const units = total("baseline") + total("candidate");
  const half = standardError * halfWidth(units, test);
  return {
    units,
    baselineMean: weighted(({ baseline }) => baseline.mean),
    difference,
    standardError,
    evidence: evidenceOf({ units, difference, standardError }, test),
    interval: [difference - half, difference + half],
  };
}

/** The squared standard error of a stratum's difference. The larger of the two ways: the variance of few keys is often too small by chance. */
function squaredError({ baseline, candidate }: StratumMoments): number {
  const own = variance(baseline) / baseline.n + variance(candidate) / candidate.n;
  const pooled = (baseline.m2 + candidate.m2) / (baseline.n + candidate.n - 2);
  return Math.max(own, pooled * (1 / baseline.n + 1 / candidate.n));
}

function variance({ n, m2 }: Moments): number {
  return m2 / (n - 1);
}

/**
 * Asymptotic confidence sequences: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, arXiv 2103.06476v7, the one-sided bound
 * (equation 134) with the tuning of its section on when the sequence is to be narrowest, as GrowthBook's MIT part uses them
 * (gbstats/frequentist/tests.py). rho² is chosen so that the bound is narrowest at `plannedUnits`.
 */
function tuning({ alpha, plannedUnits }: MeanTest): number {
  const spread = -2 * Math.log(2 * alpha);
  return (spread + Math.log(spread + 1)) / plannedUnits;
}

/** The one-sided bound in standard errors, after so many keys. Pure arithmetic: `smallest-harm.ts` plans by it. */
export function halfWidth(units: number, test: MeanTest): number {
  const scaled = units * tuning(test);
  return Math.sqrt(((2 * (scaled + 1)) / scaled) * Math.log(1 + Math.sqrt(scaled + 1) / (2 * test.alpha)));
}

/** 1/alpha for the smallest alpha whose bound would be passed; the tuning stays that of the plan. */
function evidenceOf(
  { units, difference, standardError }: { units: number; difference: number; standardError: number },
  test: MeanTest,
): number {
  if (difference <= 0) return 0;
  // All keys alike on both arms, and different between them.
  if (standardError === 0) return mostEvidence;
  const scaled = units * tuning(test);
  const exponent = ((difference / standardError) ** 2 * scaled) / (2 * (scaled + 1));
  return Math.min(mostEvidence, (2 * Math.expm1(exponent)) / Math.sqrt(scaled + 1));
}

/**
 * How sure a paired difference is: an interval, and one-sided p values for "better", "worse" and "not worse than the margin".
 * Chooses the method by how many clusters there are and what their differences look like. Pure; gives no verdict.
 */
import {
  bootstrapInterval,
  type ClusteredMean,
  clusteredMean,
  signFlipTest,
  studentInterval,
} from "./clustered-mean.ts";
import { studentCdf, studentQuantile } from "./distributions.ts";
import { exactPairTest, type Interval, pairedShares } from "./proportions.ts";

/** One unit (case): candidate minus baseline, each a mean over its trials. Units of one conversation are one cluster. */
export interface PairedUnit {
  cluster: string;
  difference: number;
}

export const methods = {
  clustered_t: "clustered standard error, t with the degrees of freedom of the clusters' sizes",
  bootstrap: "bootstrap-t over conversations, with the exact sign-flip test",
  exact: "exact McNemar test, Bonett-Price interval",
  sparse: "few conversations differ: interval as if one more won and one more lost",
  none: "one conversation says nothing about others",
} as const;

export interface PairedDifference {
  difference: number;
  /** 95 %. */
  interval: Interval;
  standardError: number;
  units: number;
  clusters: number;
  method: keyof typeof methods;
  /** One-sided, that the true difference is not above 0, not below 0, and not above minus the margin. */
  p: { better: number; worse: number; notWorse: number };
}

/** Clusters from which on means are near enough to normal for t. */
const enoughForT = 30;
/** Fewer clusters than this whose difference is not 0: a standard error would be a guess. */
const enoughDiffer = 5;

/** `isScore`: differences are from -1 to 1. `margin`: how much worse is still allowed, 0 or more, in the units of the difference. */
export function pairedDifference(
  pairs: readonly PairedUnit[],
  { margin, isScore }: { margin: number; isScore: boolean },
): PairedDifference {
  const names = new Map<string, number>();
  for (const { cluster } of pairs) if (!names.has(cluster)) names.set(cluster, names.size);
  const mean = clusteredMean({
    values: Float64Array.from(pairs, ({ difference }) => difference),
    clusters: Int32Array.from(pairs, ({ cluster }) => names.get(cluster) ?? 0),
  });
  const method = methodFor(pairs, mean, isScore);
  const { interval, p } = judged(pairs, mean, { method, margin });
  const [low, high] = interval;
  return {
    difference: mean.mean,
    interval: isScore ? [Math.max(-1, low), Math.min(1, high)] : interval,
    standardError: mean.standardError,
    units: pairs.length,
    clusters: mean.sums.length,
    method,
    p,
  };
}

function methodFor(pairs: readonly PairedUnit[], { sums, sizes, df }: ClusteredMean, isScore: boolean) {
  if (sums.length < 2) return "none";
  const differ = sums.reduce((count, sum) => count + (Math.abs(sum) > 1e-12 ? 1 : 0), 0);
  const isPlain = sizes.every((size) => size === 1) && pairs.every(({ difference }) => Number.isInteger(difference));
  if (isScore && isPlain && sums.length < enoughForT) return "exact";
  if (isScore && differ < enoughDiffer) return "sparse";
  // Where few conversations have most of the turns, the bootstrap draws them too often or not at all.
  return sums.length < enoughForT && df >= (sums.length - 1) / 2 ? "bootstrap" : "clustered_t";
}

type DifferenceFacts = Pick<PairedDifference, "interval" | "p">;

function judged(
  pairs: readonly PairedUnit[],
  mean: ClusteredMean,
  { method, margin }: { method: PairedDifference["method"]; margin: number },
): DifferenceFacts {
  switch (method) {
    case "none":
      return {
        interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
        p: { better: 1, worse: 1, notWorse: 1 },
      };
    case "clustered_t": {
      const p = byStudent(mean, margin);
      if (mean.sums.length >= enoughForT) return { interval: studentInterval(mean), p };
      // Sizes this unequal leave t few degrees of freedom, and more wrong claims than it says: a claim needs both tests.
      const bySigns = bySignFlips(mean, margin);
      const both = (name: keyof typeof p) => Math.max(p[name], bySigns[name]);
      return {
        interval: studentInterval(mean),
        p: { better: both("better"), worse: both("worse"), notWorse: both("notWorse") },
      };
    }
    case "sparse": {
      const more = withWinAndLoss(mean);
      return { interval: studentInterval(more), p: byStudent(more, margin) };
    }
    case "bootstrap":
      return { interval: bootstrapInterval(mean), p: bySignFlips(mean, margin) };
    case "exact": {
      const wins = pairs.filter(({ difference }) => difference > 0).length;
      const losses = pairs.filter(({ difference }) => difference < 0).length;
      const interval = pairedShares(wins, losses, pairs.length);
      // No exact test of a margin is in use for pairs; the interval's normal form is used.
      const notWorse = tailAbove(interval, -margin);
      return { interval, p: { better: exactPairTest(wins, losses), worse: exactPairTest(losses, wins), notWorse } };
    }
  }
}

function bySignFlips(mean: ClusteredMean, margin: number): PairedDifference["p"] {
  const negated = { ...mean, sums: mean.sums.map((sum) => -sum) };
  return { better: signFlipTest(mean), worse: signFlipTest(negated), notWorse: signFlipTest(mean, -margin) };
}

function byStudent({ mean, standardError, df }: ClusteredMean, margin: number): PairedDifference["p"] {
  const above = (bound: number) =>
    standardError === 0 ? (mean > bound ? 0 : 1) : 1 - studentCdf((mean - bound) / standardError, df);
  const below = standardError === 0 ? (mean < 0 ? 0 : 1) : studentCdf(mean / standardError, df);
  return { better: above(0), worse: below, notWorse: above(-margin) };
}

/** Two more clusters of the mean size, one that won and one that lost all: Bonett and Price's addition, for clusters. */
function withWinAndLoss({ sums, sizes, count }: ClusteredMean): ClusteredMean {
  const size = count / sums.length;
  const clusters = sums.length + 2;
  const means = Float64Array.from({ length: clusters }, (_, at) =>
    at < sums.length ? (sums[at] ?? 0) / (sizes[at] ?? 1) : at === sums.length ? 1 : -1,
  );
  const more = clusteredMean({ values: means, clusters: Int32Array.from(means, (_, at) => at) });
  return { ...more, count: size * clusters };
}

/** One-sided p that a value is not above `bound`, of a symmetric 95 % interval of it. */
function tailAbove([low, high]: Interval, bound: number): number {
  const z = studentQuantile(0.975, Number.POSITIVE_INFINITY);
  const error = (high - low) / 2 / z;
  return 1 - studentCdf(((low + high) / 2 - bound) / error, Number.POSITIVE_INFINITY);
}

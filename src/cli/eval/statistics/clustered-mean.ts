/**
 * The mean of values that come in clusters, and how sure it is. Pure.
 *
 * Sources: E. Miller, Adding Error Bars to Evals (arXiv 2411.00640), section 2.2: the clustered standard error; R. Bell and D.
 * McCaffrey, Survey Methodology 28 (2002): each cluster's residual divided by the root of 1 - h, h its share of all values (CR2),
 * which is the factor G/(G-1) where clusters are of one size; G. Imbens and M. Kolesár, Review of Economics and Statistics 98
 * (2016): t with the degrees of freedom that clusters of such sizes have. With G-1 of them one long conversation among 30 short
 * ones made intervals that cover the truth in 40 of 100 suites (STAT-10). B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), section 12.5: the bootstrap-t
 * interval; R. A. Fisher's randomisation of signs, exact where differences are symmetric around 0.
 */
import { studentQuantile } from "./distributions.ts";
import type { Interval } from "./proportions.ts";

/** Values, and for each the number of its cluster, from 0 without gaps. */
export interface Clustered {
  values: ArrayLike<number>;
  clusters: ArrayLike<number>;
}

/** `sums` and `sizes` are those of each cluster. `df`: degrees of freedom of the standard error, G-1 where all clusters are of one size, and fewer else. */
export interface ClusteredMean {
  mean: number;
  standardError: number;
  df: number;
  count: number;
  sums: Float64Array;
  sizes: Float64Array;
}

export function clusteredMean({ values, clusters }: Clustered): ClusteredMean {
  let groups = 0;
  for (let at = 0; at < values.length; at++) groups = Math.max(groups, (clusters[at] ?? 0) + 1);
  const sums = new Float64Array(groups);
  const sizes = new Float64Array(groups);
  for (let at = 0; at < values.length; at++) {
    const cluster = clusters[at] ?? 0;
    sums[cluster] = (sums[cluster] ?? 0) + (values[at] ?? 0);
    sizes[cluster] = (sizes[cluster] ?? 0) + 1;
  }
  return { ...meanOf(sums, sizes), df: degreesOfFreedom(sizes), count: values.length, sums, sizes };
}

/** The mean over all values, and its standard error from the sums and sizes of clusters; 0 where there is one cluster. */
function meanOf(sums: Float64Array, sizes: Float64Array): { mean: number; standardError: number } {
  const groups = sums.length;
  let [total, count] = [0, 0];
  for (let at = 0; at < groups; at++) {
    total += sums[at] ?? 0;
    count += sizes[at] ?? 0;
  }
  const mean = count === 0 ? 0 : total / count;
  if (groups < 2) return { mean, standardError: 0 };
  let squares = 0;
  for (let at = 0; at < groups; at++) {
    const size = sizes[at] ?? 0;
    squares += ((sums[at] ?? 0) - size * mean) ** 2 / (1 - size / count);
  }
  return { mean, standardError: Math.sqrt(squares) / count };
}

/**
 * Satterthwaite's: 2 E(V)^2 / Var(V) of the estimated variance V, a sum of squares of the clusters' residuals. Their covariances
 * are those of values that are alike within a cluster, which is the least that the data can say: c(g,h) = n(g) n(h) times the
 * bracket below.
 */
function degreesOfFreedom(sizes: Float64Array): number {
  const groups = sizes.length;
  if (groups < 2 || sizes.every((size) => size === sizes[0])) return groups - 1;
  const count = sizes.reduce((sum, size) => sum + size, 0);
  const squares = sizes.reduce((sum, size) => sum + size * size, 0);
  const weights = sizes.map((size) => 1 / (1 - size / count));
  let [expected, variance] = [0, 0];
  for (let g = 0; g < groups; g++) {
    const [own, weight] = [sizes[g] ?? 0, weights[g] ?? 0];
    expected += weight * own * own * (1 + squares / count ** 2 - (2 * own) / count);
    for (let h = 0; h < groups; h++) {
      const other = sizes[h] ?? 0;
      const covariance = own * other * (Number(g === h) + squares / count ** 2 - (own + other) / count);
      variance += weight * (weights[h] ?? 0) * covariance * covariance;
    }
  }
  return Math.max(1, Math.min(groups - 1, (expected * expected) / variance));
}

/** The interval of the mean by t; everything where there is one cluster. */
export function studentInterval({ mean, standardError, sums, df }: ClusteredMean, alpha = 0.05): Interval {
  if (sums.length < 2) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const half = studentQuantile(1 - alpha / 2, df) * standardError;
  return [mean - half, mean + half];
}

/** Resamples of a bootstrap: with these the ends of an interval move by a tenth of its width at most. */
const resamples = 4_000;

/** The bootstrap-t interval of the mean: whole clusters are drawn again. The same data gives the same interval. */
export function bootstrapInterval(of: ClusteredMean, alpha = 0.05): Interval {
  const groups = of.sums.length;
  if (groups < 2) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const random = seededRandom(groups * 7_919 + of.count);
  const sums = new Float64Array(groups);
  const sizes = new Float64Array(groups);
  const drawn = Float64Array.from({ length: resamples }, () => {
    for (let at = 0; at < groups; at++) {
      const cluster = Math.floor(random() * groups);
      sums[at] = of.sums[cluster] ?? 0;
      sizes[at] = of.sizes[cluster] ?? 0;
    }
    const { mean, standardError } = meanOf(sums, sizes);
    const distance = mean - of.mean;
    return distance === 0 ? 0 : distance / standardError;
  }).sort();
  const at = (share: number) => drawn[Math.min(resamples - 1, Math.floor(share * resamples))] ?? 0;
  return [of.mean - at(1 - alpha / 2) * of.standardError, of.mean - at(alpha / 2) * of.standardError];
}

/** Clusters up to which every choice of signs is tried, and how many are drawn above. One number holds the signs, so 31 are the most. */
const mostEnumerated = 14;
const drawnSigns = 20_000;

/**
 * One-sided p that the mean is not above `bound`: the share of all ways to turn the signs of the clusters' distances from it
 * that give as much. For at most 31 clusters; above 14 clusters 20,000 ways are drawn, the same each time.
 */
export function signFlipTest({ sums, sizes, count }: ClusteredMean, bound = 0): number {
  const parts = Float64Array.from(sums, (sum, at) => sum - bound * (sizes[at] ?? 0));
  const groups = parts.length;
  const isWhole = groups <= mostEnumerated;
  const ways = isWhole ? 2 ** groups : drawnSigns;
  const random = seededRandom(groups * 104_729 + count);
  // The signs as they are: the first of all ways, and one more than those drawn.
  let asMuch = isWhole ? 0 : 1;
  for (let way = 0; way < ways; way++) {
    let turned = 0;
    let signs = isWhole ? way : Math.floor(random() * 2 ** groups);
    for (let at = 0; signs !== 0; at++, signs >>>= 1) if (signs & 1) turned += parts[at] ?? 0;
    if (turned <= 1e-9) asMuch++;
  }
  return asMuch / (isWhole ? ways : ways + 1);
}

/** Numbers from 0 to 1 without 1, the same for the same seed, so that a bootstrap gives the same interval twice (mulberry32, public domain). Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Exact tests and intervals for counts. Pure.
 *
 * Sources: C. Clopper and E. Pearson, Biometrika 26 (1934); E. B. Wilson, JASA 22 (1927); Q. McNemar, Psychometrika 12
 * (1947), in its exact conditional form; D. Bonett and R. Price, J. Educational and Behavioral Statistics 37 (2012), which
 * M. Fagerland et al., Statistics in Medicine 33 (2014), recommend for paired proportions; J. Cohen, Educational and
 * Psychological Measurement 20 (1960), with the large-sample variance of J. Fleiss, J. Cohen and B. Everitt, Psychological
 * Bulletin 72 (1969).
 */
import { binomialCdf, incompleteBeta, inverted, normalQuantile } from "./distributions.ts";

export type Interval = readonly [low: number, high: number];

/** The exact interval of a share: `hits` of `count`. Covers at least 1 - `alpha`. */
export function clopperPearson(hits: number, count: number, alpha = 0.05): Interval {
  if (count === 0) return [0, 1];
  const share = (p: number, a: number, b: number) => inverted((x) => incompleteBeta(x, a, b), p, [0, 1]);
  return [
    hits === 0 ? 0 : share(alpha / 2, hits, count - hits + 1),
    hits === count ? 1 : share(1 - alpha / 2, hits + 1, count - hits),
  ];
}

/** Wilson's score interval of a share: closer than the exact one, and never empty. */
export function wilson(hits: number, count: number, alpha = 0.05): Interval {
  if (count === 0) return [0, 1];
  const z = normalQuantile(1 - alpha / 2);
  const share = hits / count;
  const middle = share + (z * z) / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  const whole = 1 + (z * z) / count;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}

/** One-sided p of McNemar's exact test that `wins` are not more likely than `losses`; pairs that agree say nothing. */
export function exactPairTest(wins: number, losses: number): number {
  const pairs = wins + losses;
  return pairs === 0 ? 1 : 1 - binomialCdf(wins - 1, pairs, 0.5);
}

/** Bonett and Price's interval of a difference of paired shares: Wald's, with one win and one loss added. */
export function pairedShares(wins: number, losses: number, count: number, alpha = 0.05): Interval {
  const won = (wins + 1) / (count + 2);
  const lost = (losses + 1) / (count + 2);
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt((won + lost - (won - lost) ** 2) / (count + 2));
  return [Math.max(-1, won - lost - half), Math.min(1, won - lost + half)];
}

/** Cohen's kappa of two raters. `agreement`: the share of items that both rated alike. */
export interface Kappa {
  kappa: number;
  interval: Interval;
  agreement: number;
  count: number;
}

/** `pairs`: the ratings of one item by two raters. Kappa is 0 where one of them always gave the same. */
export function cohensKappa(pairs: readonly (readonly [string, string])[], alpha = 0.05): Kappa {
  const count = pairs.length;
  const labels = [...new Set(pairs.flat())];
  const share = (holds: (pair: readonly [string, string]) => boolean) => pairs.filter(holds).length / count;
  const first = new Map(labels.map((label) => [label, share(([a]) => a === label)]));
  const second = new Map(labels.map((label) => [label, share(([, b]) => b === label)]));
  const of = (shares: Map<string, number>, label: string) => shares.get(label) ?? 0;
  const agreement = count === 0 ? 0 : share(([a, b]) => a === b);
  const chance = labels.reduce((sum, label) => sum + of(first, label) * of(second, label), 0);
  if (count === 0 || chance >= 1) return { kappa: 0, interval: [-1, 1], agreement, count };
  const kappa = (agreement - chance) / (1 - chance);
  let [onDiagonal, off] = [0, 0];
  for (const a of labels)
    for (const b of labels) {
      const both = share(([x, y]) => x === a && y === b);
      if (a === b) onDiagonal += both * (1 - (of(first, a) + of(second, a)) * (1 - kappa)) ** 2;
      else off += both * (of(first, b) + of(second, a)) ** 2;
    }
  const variance =
    (onDiagonal + (1 - kappa) ** 2 * off - (kappa - chance * (1 - kappa)) ** 2) / ((1 - chance) ** 2 * count);
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(Math.max(0, variance));
  return { kappa, interval: [Math.max(-1, kappa - half), Math.min(1, kappa + half)], agreement, count };
}

/**
 * What a comparison may claim: better, not worse than the margin, worse, or undecided with how many more cases would decide.
 * Every claim is wrong in at most 2.5 % of comparisons; Holm keeps that for all scorers together. Pure.
 *
 * Sources: R. L. Berger, Technometrics 24 (1982): that *every* scorer is not worse needs no correction, since all must hold;
 * Miller (arXiv 2411.00640), section 5: how many units a difference needs.
 */
import { normalQuantile } from "./distributions.ts";
import type { PairedDifference } from "./paired-difference.ts";

export type ScorerVerdict = "better" | "not_worse" | "worse" | "undecided";

/** `moreCases`: how many more would decide if the difference stays as it is now; absent when it is decided. */
export interface ScorerDecision {
  verdict: ScorerVerdict;
  moreCases?: number;
}

/** One-sided. Stricter than the 2.5 % that are promised: t and the bootstrap are not exact where differences are skewed. */
const claimedAt = 0.02;
const power = 0.8;
/** More is not worth saying. */
const mostCases = 100_000;

/** Of each scorer, in the given order. `margin`: how much worse is still allowed. */
export function decisions(scorers: readonly { found: PairedDifference; margin: number }[]): ScorerDecision[] {
  const better = holmAdjusted(scorers.map(({ found }) => found.p.better));
  const worse = holmAdjusted(scorers.map(({ found }) => found.p.worse));
  return scorers.map(({ found, margin }, at) => {
    const [low, high] = found.interval;
    if (low > 0 && (better[at] ?? 1) <= claimedAt) return { verdict: "better" };
    if (low > -margin && found.p.notWorse <= claimedAt) return { verdict: "not_worse" };
    if (high < 0 && (worse[at] ?? 1) <= claimedAt) return { verdict: "worse" };
    return { verdict: "undecided", moreCases: moreCases(found, margin) };
  });
}

/**
 * Units that are needed for a claim with 80 % power if the true difference is the one seen: n = ((z + z) * sd / distance)^2,
 * distance to the nearest bound that could be claimed; less those that there are. `mostCases` means: it is not known.
 */
export function moreCases({ difference, interval, units, method }: PairedDifference, margin: number): number {
  if (method === "none") return mostCases;
  const z = normalQuantile(1 - claimedAt);
  const error = (interval[1] - interval[0]) / 2 / normalQuantile(0.975);
  const distances = [difference + margin, -difference, difference].filter((distance) => distance > 0);
  const distance = Math.max(0, ...distances);
  if (distance === 0) return mostCases;
  const needed = units * (((z + normalQuantile(power)) * error) / distance) ** 2;
  return Math.min(mostCases, Math.max(1, Math.ceil(needed - units)));
}

/**
 * Keeps the chance of one wrong claim among several under its bound (S. Holm, Scandinavian Journal of Statistics 6, 1979):
 * adjusted p values in the order of the given ones: each may be compared with the bound of the whole family.
 */
export function holmAdjusted(ps: readonly number[]): number[] {
  const order = ps.map((p, at) => ({ p, at })).toSorted((a, b) => a.p - b.p);
  const adjusted = new Array<number>(ps.length).fill(1);
  let most = 0;
  for (const [rank, { p, at }] of order.entries()) {
    most = Math.max(most, Math.min(1, p * (ps.length - rank)));
    adjusted[at] = most;
  }
  return adjusted;
}

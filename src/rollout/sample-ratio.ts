/** WHETHER keys reach the arms as they are assigned: when they do not, one arm loses some of its keys, and no comparison holds. Pure. */
import type { Arm } from "./plan.ts";

export interface SampleRatio {
  baseline: number;
  candidate: number;
  /** Natural logarithm of an e-process against "keys arrive by the share". */
  log: number;
}

/** At 1/1000 as in the products that check it; see `ratioEvidence`. */
export const ratioAlpha = 0.001;
/** How strongly the share is believed before anything was seen, in keys: differences of some points are looked for. */
const priorUnits = 50;

export function noRatio(): SampleRatio {
  return { baseline: 0, candidate: 0, log: 0 };
}

/**
 * The check with one more key. A chi-square test looked at after each key would hold every tenth rollout; this is the same
 * question as an e-process: a Beta prior around the share against the share (Lindon and Malek, arXiv 2011.03567).
 */
export function withArrival(before: SampleRatio, { arm, share }: { arm: Arm; share: number }): SampleRatio {
  const counted = { ...before, [arm]: before[arm] + 1 };
  // All keys on one arm: there is no ratio.
  if (share <= 0 || share >= 1) return counted;
  const seen = before.baseline + before.candidate;
  const expected = (before.candidate + priorUnits * share) / (seen + priorUnits);
  const factor = arm === "candidate" ? expected / share : (1 - expected) / (1 - share);
  return { ...counted, log: before.log + Math.log(factor) };
}

/** An e-value: keys that arrive by the share bring it to 1/`ratioAlpha` in at most one of 1,000 stages. */
export function ratioEvidence({ log }: SampleRatio): number {
  return Math.min(1e12, Math.exp(log));
}

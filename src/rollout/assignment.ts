/** WHICH arm a key is in: one number from 0 to 1 for each key of a rollout, and a threshold that only grows. Pure, so every instance answers the same. */
import { murmur3, unitHash } from "../core/digest.ts";
import type { Arm } from "./plan.ts";

const encoder = new TextEncoder();

/** The seed of a rollout: keys that were early in one rollout are not early in the next. A 32-bit number. */
export function seedOf(rollout: string): number {
  return murmur3(encoder.encode(rollout), 0x6c6f6e67);
}

/**
 * The arm of a key. The keys of the candidate at a smaller share are among those at a larger one, so no key goes back while
 * the share grows; and the keys nearest to 1 are the last to move, so a part that is held back is always the same.
 *
 * @param share from 0 to 1: the part of the keys that the candidate answers
 */
export function armOf(key: string, { seed, share }: { seed: number; share: number }): Arm {
  return unitHash(key, seed) < share ? "candidate" : "baseline";
}

/** A stage in which a key came before: the arm it was on, and the stage's share. */
export interface EarlierStage {
  arm: Arm;
  share: number;
}

/**
 * How probable it is, before a key's arm is looked at, that it is on the candidate: 1 for a key that was on it before, since
 * none goes back; the share for a new one; for one that was on the baseline, the part of those that have moved since. What a
 * key of the chance 0 or 1 does compares nothing: the same few keys, stage after stage, would pass for evidence.
 */
export function chanceOf(share: number, earlier: readonly EarlierStage[]): number {
  if (earlier.some(({ arm }) => arm === "candidate")) return 1;
  const before = Math.max(0, ...earlier.map((each) => each.share));
  return before >= share ? 0 : (share - before) / (1 - before);
}

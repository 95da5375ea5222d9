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

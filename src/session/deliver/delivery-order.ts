/** The order of deliveries: answers that are shown while they grow go one after the other, so that a conversation stays in order, but one that fails holds the others back only for a while. Pure. */

export interface QueuedDelivery {
  id: string;
  /** Shown while it grows. */
  isLive: boolean;
  /** Since when its attempts fail, in ms since 1970; `undefined`: they do not. */
  failingSinceMs: number | undefined;
}

/** Longest that a delivery that fails holds back those after it. */
export const mostHeldBackMs = 30_000;

/** From when on each delivery may be worked at, in ms since 1970, by its id; `Infinity`: not before those before it are done. `deliveries`: oldest first. */
export function startTimes(deliveries: readonly QueuedDelivery[]): Map<string, number> {
  const times = new Map<string, number>();
  let freeMs = 0;
  for (const { id, isLive, failingSinceMs } of deliveries) {
    times.set(id, isLive ? freeMs : 0);
    if (!isLive) continue;
    freeMs = Math.max(
      freeMs,
      failingSinceMs === undefined ? Number.POSITIVE_INFINITY : failingSinceMs + mostHeldBackMs,
    );
  }
  return times;
}

/** Computes how long to wait before a retry: longer each time, and with jitter, so that calls that failed together are not retried together. Pure. */

export interface BackoffRange {
  /** The first delay, which doubles. */
  baseMs: number;
  longestMs: number;
}

/** The delay in ms after `failures` failures in a row (from 1). `chance`, from 0 to 1, spreads it over three quarters to five quarters. */
export function backoffMs(failures: number, { baseMs, longestMs }: BackoffRange, chance: number): number {
  const standard = Math.min(longestMs, baseMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(standard * (0.75 + chance / 2));
}

/** For alarms: what failed is looked at again after 10 s at first, and every 5 min at the latest. */
export const alarmBackoff: BackoffRange = { baseMs: 10_000, longestMs: 300_000 };

/** For alarms of objects whose storage only a newer Longline reads: only a deployment helps, so they are rare. */
export const newerStorageBackoff: BackoffRange = { baseMs: 60_000, longestMs: 300_000 };

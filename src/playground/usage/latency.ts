/** How long turns took: the half and the slowest twentieth, by day and by any name. Pure. */

export interface TimedTurn {
  ended_at: string;
  ms: number;
  first_event_ms: number | null;
}

/** Of a list of figures: the least one that `part` of them do not exceed; null of none. */
export function quantile(figures: readonly number[], part: number): number | null {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? null;
}

export interface Latency {
  turns: number;
  p50: number | null;
  p95: number | null;
}

export function latencyOf(turns: readonly Pick<TimedTurn, "ms">[]): Latency {
  const times = turns.map(({ ms }) => ms);
  return { turns: turns.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95) };
}

/** One for each of `days`. */
export function latencyByDay(turns: readonly TimedTurn[], days: readonly string[]): Latency[] {
  const byDay = Map.groupBy(turns, ({ ended_at }) => ended_at.slice(0, 10));
  return days.map((day) => latencyOf(byDay.get(day) ?? []));
}

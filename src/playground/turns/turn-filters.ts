/** What the list of turns is narrowed to: from the address and into it, and as parameters of `GET /v1/turns`. Pure. */

/** Each is a text as it is in the address; empty: not narrowed. */
export interface TurnFilters {
  status: string;
  agent: string;
  version: string;
  model: string;
  /** How far back, such as `24h` or `7d`. */
  since: string;
  min_ms: string;
  min_cost_micros: string;
}

export const sinceChoices: readonly [string, string][] = [
  ["1h", "last hour"],
  ["24h", "last 24 hours"],
  ["7d", "last 7 days"],
  ["30d", "last 30 days"],
  ["", "all time"],
];
export const slowChoices: readonly [string, string][] = [
  ["", "any time"],
  ["1000", "over 1 s"],
  ["5000", "over 5 s"],
  ["15000", "over 15 s"],
  ["60000", "over 1 min"],
];
export const dearChoices: readonly [string, string][] = [
  ["", "any cost"],
  ["1000", "over $0.001"],
  ["10000", "over $0.01"],
  ["100000", "over $0.10"],
  ["1000000", "over $1"],
];

/** `query`: what follows `?` in the address. Without one it is the last 7 days. */
export function filtersOf(query: string): TurnFilters {
  const given = new URLSearchParams(query === "" ? "since=7d" : query);
  const textOf = (name: string) => given.get(name) ?? "";
  return {
    status: textOf("status"),
    agent: textOf("agent"),
    version: textOf("version"),
    model: textOf("model"),
    since: sinceOf(textOf("since")),
    min_ms: textOf("min_ms"),
    min_cost_micros: textOf("min_cost_micros"),
  };
}

/** What follows `?` in the address. */
export function queryOf(filters: TurnFilters): string {
  const since = filters.since === "" ? allTime : filters.since;
  return new URLSearchParams(Object.entries({ ...filters, since }).filter(([, value]) => value !== "")).toString();
}

/** In the address, where an empty value would be left out. */
const allTime = "all";

function sinceOf(text: string): string {
  if (text === allTime) return "";
  return sinceChoices.some(([value]) => value === text) ? text : "7d";
}

/** When the list begins, in ms since 1970; `undefined`: at the first turn. */
export function sinceMs(since: string, nowMs: number): number | undefined {
  const [, count, unit] = /^(\d+)([hd])$/.exec(since) ?? [];
  if (count === undefined) return undefined;
  return nowMs - Number(count) * (unit === "h" ? 3_600_000 : 86_400_000);
}

/** The parameters of a request. */
export function turnParameters(filters: TurnFilters, nowMs: number): Record<string, string> {
  const { since, ...others } = filters;
  const fromMs = sinceMs(since, nowMs);
  const given = Object.entries(others).filter(([, value]) => value !== "");
  return { ...Object.fromEntries(given), ...(fromMs !== undefined && { since: new Date(fromMs).toISOString() }) };
}

/** How many of `times` are in each of `count` equal parts between `fromMs` and `toMs`. */
export function perPart(
  times: readonly number[],
  { fromMs, toMs, count }: { fromMs: number; toMs: number; count: number },
) {
  const parts = Array.from({ length: count }, () => 0);
  const lengthMs = Math.max(1, toMs - fromMs) / count;
  for (const atMs of times) {
    const place = Math.min(count - 1, Math.max(0, Math.floor((atMs - fromMs) / lengthMs)));
    parts[place] = (parts[place] ?? 0) + 1;
  }
  return parts;
}

/** Filters that a person named, to be applied again; `query` as in the address. */
export interface SavedFilter {
  name: string;
  query: string;
}

const mostSaved = 30;

/** What the browser kept. What is damaged, or of another program, is left out. */
export function savedFilters(kept: string | null): SavedFilter[] {
  let read: unknown;
  try {
    read = JSON.parse(kept ?? "[]");
  } catch {
    return [];
  }
  const isSaved = (each: unknown): each is SavedFilter => {
    const { name, query } = (each ?? {}) as Partial<SavedFilter>;
    return typeof name === "string" && name !== "" && typeof query === "string";
  };
  return Array.isArray(read) ? read.filter(isSaved).slice(0, mostSaved) : [];
}

/** The newest first; a name that is there is given another meaning. */
export function withSaved(saved: readonly SavedFilter[], { name, query }: SavedFilter): SavedFilter[] {
  return [{ name, query }, ...saved.filter((each) => each.name !== name)].slice(0, mostSaved);
}

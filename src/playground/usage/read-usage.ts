/** Reads what was used: the account's sums, and the newest turns for times that a sum cannot tell. */
import type { UsageSumJson } from "../../wire/account-shapes.ts";
import { callAdmin } from "../shell/admin-key.ts";
import { callJson } from "../shell/api.ts";
import type { ListedTurnJson, ListedTurns } from "../turns/turn-json.ts";

export type SumsBy = "day" | "agent" | "model" | "version" | "session";

/** Days as `2026-01-31`, both counted. */
export interface DayRange {
  from: string;
  to: string;
}

/** Of which days, and of what in them. */
interface SumsOf extends DayRange {
  model?: string;
  /** With the ADMIN_KEY, of this account; else of the one whose key this browser has. */
  account?: string;
}

/** More turns are not read: times are then those of the newest. */
export const mostTurns = 2_000;
/** More models are not shown apart. */
const mostModels = 5;

export function readSums(group: SumsBy, { from, to, model, account }: SumsOf, signal: AbortSignal) {
  const parameters = new URLSearchParams({
    group_by: group,
    from,
    to: dayAfter(to),
    ...(model !== undefined && { model }),
  });
  return account === undefined
    ? callJson<{ usage: UsageSumJson[] }>(`/v1/usage?${parameters}`, { signal })
    : callAdmin<{ usage: UsageSumJson[] }>(`/accounts/${account}/usage?${parameters}`, { signal });
}

/** The days of each of the models that cost most, and of all the others together. */
export async function readDaysByModel(range: DayRange, signal: AbortSignal) {
  const { usage } = await readSums("model", range, signal);
  const models = usage
    .toSorted((a, b) => b.cost_micros - a.cost_micros || b.steps - a.steps)
    .slice(0, mostModels)
    .map(({ model = "" }) => model);
  const days = await Promise.all(models.map((model) => readSums("day", { ...range, model }, signal)));
  return models.map((model, place) => ({ model, days: days[place]?.usage ?? [] }));
}

export async function readTurns(range: DayRange, signal: AbortSignal): Promise<ListedTurnJson[]> {
  const found: ListedTurnJson[] = [];
  for (let cursor: string | null = ""; cursor !== null && found.length < mostTurns; ) {
    const parameters: Record<string, string> = { since: range.from, until: dayAfter(range.to), limit: "500" };
    if (cursor !== "") parameters.cursor = cursor;
    const page: ListedTurns = await callJson(`/v1/turns?${new URLSearchParams(parameters)}`, { signal });
    found.push(...page.turns);
    cursor = page.next_cursor;
  }
  return found;
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}

/** The last `count` days, today counted. */
export function lastDays(count: number): DayRange {
  const isoDay = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  return { from: isoDay(Date.now() - (count - 1) * 86_400_000), to: isoDay(Date.now()) };
}

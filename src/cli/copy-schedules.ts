/** The schedules of an account in a backup: one file, `schedules.json`, with what `GET /v1/schedules` lists. Those that are over, and those that are there already, are not made again. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AccountApi } from "./account-api.ts";

interface ListedSchedule {
  id: string;
  cron?: string;
  at?: string;
  time_zone: string;
  content: string;
  session: string | null;
  agent: string | null;
  metadata: Record<string, string>;
  callback_url?: string | null;
  next_at: string | null;
}

/** Undefined for an app that does not list `schedules()`. */
export async function listSchedules(api: AccountApi): Promise<ListedSchedule[] | undefined> {
  const answer = await api.call("GET", "/v1/schedules", { missing: true });
  if (answer.status === 404) return undefined;
  return ((await answer.json()) as { schedules: ListedSchedule[] }).schedules;
}

/** Those of the backup that the account does not have. */
export async function missingSchedules(api: AccountApi, folder: string): Promise<ListedSchedule[]> {
  const path = join(folder, "schedules.json");
  const copied = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as ListedSchedule[]) : [];
  const due = copied.filter(({ next_at }) => next_at !== null);
  if (due.length === 0) return [];
  const known = new Set((await listSchedules(api))?.map(whatItDoes));
  return due.filter((schedule) => !known.has(whatItDoes(schedule)));
}

/** Makes it. The same again is the same schedule. */
export async function putSchedule(api: AccountApi, schedule: ListedSchedule): Promise<void> {
  await api.call("POST", "/v1/schedules", { body: whatItDoes(schedule), type: "application/json", key: schedule.id });
}

/** The body that makes it. */
function whatItDoes({ cron, at, time_zone, content, session, agent, metadata, callback_url }: ListedSchedule): string {
  const time = cron === undefined ? { at } : { cron };
  const named = { ...(session !== null && { session }), ...(agent !== null && { agent }) };
  return JSON.stringify({ ...time, time_zone, content, ...named, metadata, ...(callback_url && { callback_url }) });
}

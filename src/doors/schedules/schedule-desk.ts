/** The schedules of an account as routes and the tool use them: what is given is checked here, in one way. */
import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import { sha256Hex } from "../../core/digest.ts";
import { AppError } from "../../core/errors.ts";
import type { Bindings } from "../../env.ts";
import { parseCron } from "./cron.ts";
import { momentOfText } from "./schedule-job.ts";
import type { ScheduleRecord, ScheduleTime } from "./schedule-store.ts";
import { isZone } from "./zone-time.ts";

/** When, as callers give it: one of `cron` and `at`. */
export interface GivenTime {
  cron?: string | undefined;
  at?: string | undefined;
  time_zone?: string | undefined;
}

/** Throws `invalid_request`, with the field, for what is no time, or is over. */
export function timeOf({ cron, at, time_zone: zone = "UTC" }: GivenTime, nowMs: number): ScheduleTime {
  if (!isZone(zone))
    throw wrong("time_zone", `"${zone.slice(0, 60)}" is no IANA time zone. Use one such as Europe/Berlin, or UTC.`);
  if ((cron === undefined) === (at === undefined)) throw wrong("cron", "give either cron or at.");
  if (cron !== undefined) {
    const parsed = parseCron(cron);
    if ("fault" in parsed) throw wrong("cron", `${parsed.fault}.`);
    return { cron: cron.trim(), zone };
  }
  const text = at ?? "";
  const dueMs = momentOfText(text, zone);
  if (Number.isNaN(dueMs))
    throw wrong("at", "is no time. Use 2026-12-24T18:00, in time_zone, or 2026-12-24T18:00:00Z.");
  if (dueMs <= nowMs) throw wrong("at", "is over. Give a time that is to come.");
  return { at: text, zone };
}

function wrong(field: string, detail: string): AppError {
  return new AppError("invalid_request", `${field}: ${detail}`, { field });
}

/** Its id; the same for the same name. */
export async function scheduleId(name: string): Promise<string> {
  return `sch_${(await sha256Hex(name)).slice(0, 16)}`;
}

export class ScheduleDesk {
  readonly #bindings: Bindings;
  readonly #account: string;

  constructor(bindings: Bindings, account: string) {
    this.#bindings = bindings;
    this.#account = account;
  }

  list(): Promise<ScheduleRecord[]> {
    return this.#ask("list");
  }

  /** The one of that id where there is one. Throws `conflict` when the account has too many. */
  create(schedule: Omit<ScheduleRecord, "dueMs">): Promise<ScheduleRecord> {
    return this.#ask("create", schedule);
  }

  /** False when there is none. */
  remove(id: string): Promise<boolean> {
    return this.#ask("remove", id);
  }

  async #ask<T>(method: string, ...args: unknown[]): Promise<T> {
    const account = accountObject(this.#bindings, this.#account);
    return unwrap(await account.ask("schedules", method, args)) as T;
  }
}

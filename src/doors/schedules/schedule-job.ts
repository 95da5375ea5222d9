/**
 * Sends the messages of an account's schedules when they are due, by the alarm of the account's object. A message is named after
 * its schedule and the time it was due, so that it counts once however often its sending is cut off. What was missed while
 * nothing ran is sent once, not once for each time, and not at all where it is a week late.
 */
import { AppError } from "../../core/errors.ts";
import type { AccountJob, AccountJobHost } from "../../observe/telemetry.ts";
import { nextDue, parseCron } from "./cron.ts";
import { type ScheduleRecord, ScheduleStore, type ScheduleTime } from "./schedule-store.ts";
import { WallDay } from "./zone-time.ts";

export interface DueMessage {
  /** Names the message: the same again is the same message. */
  claim: string;
  dueMs: number;
  session: string;
  schedule: ScheduleRecord;
}

/** Hands a message to its session, and returns its turn. Throws an AppError for what is refused. */
export type SendDue = (message: DueMessage) => Promise<{ turn: string }>;

/** What is refused now, and may be taken later. */
const passing: ReadonlySet<string> = new Set(["unavailable", "queue_full", "rate_limited", "storage_full"]);
const retryMs = 60_000;
/** For so long a message is tried again; then its time is passed over. */
const patienceMs = 3_600_000;
/** What is later than this is not sent any more: the app was away, or did without `schedules()`, for so long that it is not what was meant. */
const mostLateDays = 7;

export class ScheduleJob implements AccountJob {
  readonly name = "schedules";
  readonly #store: ScheduleStore;
  readonly #send: SendDue;
  readonly #most: number;
  readonly #isClosing: () => boolean;
  readonly #account: () => string;
  /** Until then nothing is tried again, by id. */
  readonly #rests = new Map<string, number>();
  #dueMs: { at: number | undefined } | undefined;

  /** `most`: schedules of the account. */
  constructor(host: AccountJobHost, { send, most }: { send: SendDue; most: number }) {
    this.#store = new ScheduleStore(host.storage.sql);
    this.#send = send;
    this.#most = most;
    this.#isClosing = host.isClosing;
    this.#account = host.account;
  }

  forget(): void {
    this.#dueMs = undefined;
  }

  turnsEnded(): void {}

  feedbackGiven(): void {}

  sessionErased(session: string): void {
    this.#store.removeOf(session);
    this.forget();
  }

  dueMs(): number | undefined {
    if (this.#isClosing()) return undefined;
    this.#dueMs ??= { at: this.#store.nextDueMs };
    const { at } = this.#dueMs;
    if (at === undefined || this.#rests.size === 0) return at;
    return Math.min(
      ...this.#store
        .all()
        .flatMap(({ id, dueMs = Number.POSITIVE_INFINITY }) => [Math.max(dueMs, this.#rests.get(id) ?? 0)]),
    );
  }

  async run(nowMs: number): Promise<void> {
    for (const { id, dueMs } of this.#store.due(nowMs)) {
      if (this.#isClosing()) return;
      // It may have been deleted, or made anew, while the message of another one was sent.
      const schedule = this.#store.byId(id);
      if (schedule === undefined || schedule.dueMs !== dueMs) continue;
      if ((this.#rests.get(id) ?? 0) <= nowMs) await this.#runOne(schedule, nowMs);
    }
    this.#dueMs = undefined;
  }

  /** Throws `not_found`, or `conflict` when there are too many. */
  ask(method: string, args: readonly unknown[]): unknown {
    this.#dueMs = undefined;
    switch (method) {
      case "list":
        return this.#store.all();
      case "create":
        return this.#create(args[0] as Omit<ScheduleRecord, "dueMs">);
      case "remove":
        return this.#store.remove(String(args[0]));
      default:
        throw new AppError("not_found", `Schedules have no "${method}".`);
    }
  }

  #create(given: Omit<ScheduleRecord, "dueMs">): ScheduleRecord {
    if (this.#isClosing()) throw new AppError("conflict", "This account is being erased.");
    const known = this.#store.byId(given.id);
    if (known !== undefined) return known;
    if (this.#store.count >= this.#most) {
      const detail = `This account has ${this.#most} schedules, which is the most. Delete one first: DELETE /v1/schedules/:id.`;
      throw new AppError("conflict", detail);
    }
    const dueMs = dueAfter(given.time, given.createdAtMs);
    const schedule = { ...given, ...(dueMs !== undefined && { dueMs }) };
    this.#store.put(schedule);
    return schedule;
  }

  /** The message first, then the row: cut off between them, the same message is sent again, and is the same turn. */
  async #runOne(schedule: ScheduleRecord, nowMs: number): Promise<void> {
    const { id, dueMs = nowMs } = schedule;
    const session = schedule.session ?? `${id}-${dueMs}`;
    const run = { dueMs, atMs: nowMs, session };
    const done = (of: { turn: string } | { error: string }) => {
      this.#rests.delete(id);
      // Deleted while its message was sent: it stays deleted. One that was made again meanwhile, by the same name, has its own times.
      const now = this.#store.byId(id);
      if (now === undefined || now.createdAtMs !== schedule.createdAtMs) return;
      const { dueMs: _, ...rest } = now;
      const nextMs = dueAfter(now.time, nowMs);
      this.#store.put({ ...rest, last: { ...run, ...of }, ...(nextMs !== undefined && { dueMs: nextMs }) });
    };
    if (nowMs > dueMs + mostLateDays * 86_400_000) {
      const error = `Not sent: it was due more than ${mostLateDays} days ago, when the app did not run, or did not list schedules().`;
      const due_at = new Date(dueMs).toISOString();
      console.warn(
        JSON.stringify({ level: "warn", event: "schedule_missed", account: this.#account(), schedule: id, due_at }),
      );
      return done({ error });
    }
    try {
      done(await this.#send({ claim: `schedule ${id} ${dueMs}`, dueMs, session, schedule }));
    } catch (error) {
      const isPassing = !(error instanceof AppError) || passing.has(error.code);
      if (isPassing && nowMs < dueMs + patienceMs) this.#rests.set(id, nowMs + retryMs);
      else done({ error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** When it is due first after a moment; `undefined` when never. */
function dueAfter(time: ScheduleTime, afterMs: number): number | undefined {
  if ("at" in time) {
    const dueMs = momentOfText(time.at, time.zone);
    return dueMs > afterMs ? dueMs : undefined;
  }
  const cron = parseCron(time.cron);
  return "fault" in cron ? undefined : nextDue(cron, time.zone, afterMs);
}

/** A time with its offset, or on the wall of the zone; NaN for what is none. */
export function momentOfText(text: string, zone: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?$/.test(text)) return Number.NaN;
  if (/(?:Z|[+-]\d\d:\d\d)$/.test(text)) return Date.parse(text);
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return wall;
  return new WallDay(Math.floor(wall / 86_400_000) * 86_400_000, zone).moment(wall);
}

/** The schedules of an account, in rows of its object. */
import type { Address } from "../../channels/channel.ts";

/** When a schedule is due: again and again, or once. */
export type ScheduleTime = { cron: string; zone: string } | { at: string; zone: string };

export interface ScheduleRecord {
  id: string;
  time: ScheduleTime;
  content: string;
  /** Id of the session that its messages go to; absent: each run has a new one. */
  session?: string;
  /** Name of the agent of sessions that it makes. */
  agent?: string;
  metadata?: Record<string, string>;
  /** Where the answers go. */
  replyTo?: Address;
  /** A tool made it, in its session: it is erased with that. */
  isOfSession?: true;
  /** Of the request that made it, where that had a key. */
  digest?: string;
  createdAtMs: number;
  /** When it is due next, in ms since 1970; absent once it never is again. */
  dueMs?: number;
  /** The newest run. */
  last?: ScheduleRun;
}

export interface ScheduleRun {
  /** When it was due, and when it was sent. */
  dueMs: number;
  atMs: number;
  session: string;
  turn?: string;
  /** Why the message was not taken. */
  error?: string;
}

type ScheduleRow = { data: string; due_at: number | null };

export class ScheduleStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  byId(id: string): ScheduleRecord | undefined {
    const [row] = this.#sql.exec<ScheduleRow>("SELECT data, due_at FROM schedules WHERE id = ?", id).toArray();
    return row && recordOf(row);
  }

  /** In the order in which they are due; those that are over come last. */
  all(): ScheduleRecord[] {
    const query = "SELECT data, due_at FROM schedules ORDER BY due_at IS NULL, due_at, id";
    return this.#sql.exec<ScheduleRow>(query).toArray().map(recordOf);
  }

  get count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM schedules").one().n;
  }

  /** Those that are due by then, the longest due first. */
  due(nowMs: number): ScheduleRecord[] {
    const query = "SELECT data, due_at FROM schedules WHERE due_at <= ? ORDER BY due_at, id";
    return this.#sql.exec<ScheduleRow>(query, nowMs).toArray().map(recordOf);
  }

  get nextDueMs(): number | undefined {
    return this.#sql.exec<{ at: number | null }>("SELECT min(due_at) AS at FROM schedules").one().at ?? undefined;
  }

  put({ dueMs, ...schedule }: ScheduleRecord): void {
    const query = `INSERT INTO schedules (id, due_at, data) VALUES (?1, ?2, ?3)
      ON CONFLICT (id) DO UPDATE SET due_at = ?2, data = ?3`;
    this.#sql.exec(query, schedule.id, dueMs ?? null, JSON.stringify(schedule));
  }

  /** Those that a tool made in the session. */
  removeOf(session: string): void {
    const query = "DELETE FROM schedules WHERE data ->> 'session' = ? AND data ->> 'isOfSession'";
    this.#sql.exec(query, session);
  }

  remove(id: string): boolean {
    return this.#sql.exec("DELETE FROM schedules WHERE id = ? RETURNING id", id).toArray().length > 0;
  }
}

function recordOf({ data, due_at: dueMs }: ScheduleRow): ScheduleRecord {
  const schedule = JSON.parse(data) as Omit<ScheduleRecord, "dueMs">;
  return { ...schedule, ...(dueMs !== null && { dueMs }) };
}

/** How many messages an account sends a minute, counted exactly: one row for each of the last minute. */

const minuteMs = 60_000;

export class MessageRate {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Counts a message; the seconds to wait when `perMinute` were sent within the last minute, and then it does not count. A message that has a name, `id`, counts once. */
  admit(perMinute: number, nowMs: number, id?: number): number {
    if (id !== undefined && this.#isKnown(id)) return 0;
    this.#sql.exec("DELETE FROM admitted WHERE at <= ?", nowMs - minuteMs);
    const { n, oldest } = this.#sql
      .exec<{ n: number; oldest: number | null }>("SELECT count(*) AS n, min(at) AS oldest FROM admitted")
      .one();
    if (n >= perMinute) return Math.max(1, Math.ceil(((oldest ?? nowMs) + minuteMs - nowMs) / 1000));
    this.#sql.exec("INSERT INTO admitted (id, at) VALUES (?, ?)", id ?? null, nowMs);
    return 0;
  }

  #isKnown(id: number): boolean {
    return this.#sql.exec("SELECT 1 FROM admitted WHERE id = ?", id).toArray().length > 0;
  }
}

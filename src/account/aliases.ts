/** Names that a sender gives one and the same message even where it comes into two sessions: the session that had it first is remembered, for longer than any messenger delivers again. */

const keptMs = 7 * 24 * 3_600_000;

export class Aliases {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The session that the name was first used for: `session`, unless there was one before. */
  firstUse(name: string, session: string, nowMs: number): string {
    this.#sql.exec("DELETE FROM aliases WHERE at < ?", nowMs - keptMs);
    this.#sql.exec("INSERT OR IGNORE INTO aliases VALUES (?, ?, ?)", name, session, nowMs);
    return this.#sql.exec<{ session: string }>("SELECT session FROM aliases WHERE name = ?", name).one().session;
  }
}

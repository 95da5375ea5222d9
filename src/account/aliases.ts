/** Names that a sender gives one and the same message even where it comes into two sessions: the session that had it first is remembered, for longer than any messenger delivers again. */

const keptMs = 7 * 24 * 3_600_000;

const tables = `CREATE TABLE IF NOT EXISTS aliases (
  name TEXT PRIMARY KEY,
  session TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS aliases_by_age ON aliases (at);`;

export class Aliases {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(tables);
  }

  /** The session that the name was first used for: `session`, unless there was one before. */
  firstUse(name: string, session: string, nowMs: number): string {
    this.#sql.exec("DELETE FROM aliases WHERE at < ?", nowMs - keptMs);
    this.#sql.exec("INSERT OR IGNORE INTO aliases VALUES (?, ?, ?)", name, session, nowMs);
    return this.#sql.exec<{ session: string }>("SELECT session FROM aliases WHERE name = ?", name).one().session;
  }
}

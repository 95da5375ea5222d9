/** Names that a sender gives one and the same message even where it comes into two sessions: the session that had it first is remembered, for longer than any messenger delivers again. */

const keptMs = 7 * 24 * 3_600_000;
/** How long a thread leads to the session that it belongs to. */
const placeMs = 90 * 24 * 3_600_000;

const upsert = `INSERT INTO aliases (name, session, at) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET session = excluded.session, at = excluded.at`;

export class Aliases {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The session that the name was first used for: `session`, unless there was one before. */
  firstUse(name: string, session: string, nowMs: number): string {
    this.#sql.exec("DELETE FROM aliases WHERE at < ?", nowMs - keptMs);
    this.#sql.exec("INSERT OR IGNORE INTO aliases (name, session, at) VALUES (?, ?, ?)", name, session, nowMs);
    return this.#sql.exec<{ session: string }>("SELECT session FROM aliases WHERE name = ?", name).one().session;
  }

  /** From now on the name leads to that session, for 90 days. */
  lead(name: string, session: string, nowMs: number): void {
    this.#sql.exec(upsert, name, session, nowMs + placeMs - keptMs);
  }

  /** The session that the name leads to. */
  sessionOf(name: string): string | undefined {
    return this.#sql.exec<{ session: string }>("SELECT session FROM aliases WHERE name = ?", name).toArray()[0]
      ?.session;
  }

  /** True at the first call with this name, within a week. */
  isFirst(name: string, nowMs: number): boolean {
    if (this.sessionOf(name) !== undefined) return false;
    this.firstUse(name, "", nowMs);
    return true;
  }
}

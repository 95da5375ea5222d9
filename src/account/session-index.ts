/** The account's list of sessions, as each session last reported itself. A copy for finding; the session's own object is the truth. */
import type { SessionSummary } from "../dialects/native.ts";

/** One page of sessions, newest first. `next` is the cursor of the page after it. */
export interface SessionPage {
  sessions: SessionSummary[];
  next: string | undefined;
}

const table = `CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  summary TEXT NOT NULL,
  words TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_age ON sessions (created_at, id);`;

export class SessionIndex {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(table);
  }

  /** Records a session as it is now. `words` is what `q` searches beside the title. */
  put(summary: SessionSummary, words: string): void {
    this.#sql.exec(
      `INSERT INTO sessions VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, summary = excluded.summary, words = excluded.words`,
      summary.id,
      summary.createdAtMs,
      JSON.stringify(summary),
      `${summary.title ?? ""}\n${words}`.toLowerCase(),
    );
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM sessions WHERE id = ?", id);
  }

  /** `cursor` is the `next` of an earlier page; `q` must occur in the title or the words, in any case. */
  list({ limit, cursor, q = "" }: { limit: number; cursor?: string | undefined; q?: string | undefined }): SessionPage {
    const [atMs, id] = cursor === undefined ? [Number.MAX_SAFE_INTEGER, ""] : placeOf(cursor);
    const rows = this.#sql
      .exec<{ id: string; created_at: number; summary: string }>(
        `SELECT id, created_at, summary FROM sessions
         WHERE (created_at, id) < (?, ?) AND instr(words, ?) > 0 ORDER BY created_at DESC, id DESC LIMIT ?`,
        atMs,
        id,
        q.toLowerCase(),
        limit + 1,
      )
      .toArray();
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      sessions: shown.map((row) => JSON.parse(row.summary) as SessionSummary),
      next: last && `${last.created_at}.${last.id}`,
    };
  }
}

/** A cursor names the last row of its page. One that was never given out begins after everything. */
function placeOf(cursor: string): [number, string] {
  const [atMs = "", ...id] = cursor.split(".");
  return [/^\d{1,15}$/.test(atMs) ? Number(atMs) : -1, id.join(".")];
}

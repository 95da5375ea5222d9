/** The account's list of sessions, as each session last reported itself, and the words of their messages. A copy for finding; the session's own object is the truth. */
import { allOf, searchable } from "../core/search-words.ts";
import type { BrokenRow, SessionSummary } from "../dialects/native.ts";

/** One page of sessions, newest first. `next` is the cursor of the page after it. */
export interface SessionPage {
  sessions: (SessionSummary | BrokenRow)[];
  next: string | undefined;
}

/** What a message says, as far as sessions are found by it. */
export interface SessionText {
  seq: number;
  text: string;
}

export interface SessionQuery {
  limit: number;
  cursor?: string | undefined;
  q?: string | undefined;
}

const tables = `CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  summary TEXT NOT NULL,
  title TEXT NOT NULL,
  reported_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_age ON sessions (created_at, id);
CREATE TABLE IF NOT EXISTS erased (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS texts (id INTEGER PRIMARY KEY, session TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS texts_of_session ON texts (session, seq);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(content, tokenize = 'unicode61 remove_diacritics 2');`;

export class SessionIndex {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(tables);
  }

  /** Records a session as it is now. What it reported before stays. */
  put(summary: SessionSummary): void {
    this.#sql.exec("DELETE FROM erased WHERE id = ?", summary.id);
    this.#sql.exec(
      `INSERT INTO sessions VALUES (?, ?, ?, ?, 0)
       ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, summary = excluded.summary, title = excluded.title`,
      summary.id,
      summary.createdAtMs,
      JSON.stringify(summary),
      (summary.title ?? "").toLowerCase(),
    );
  }

  /** Makes the session findable by these texts; those that are known already stay as they are. */
  addTexts(id: string, texts: readonly SessionText[]): void {
    for (const { seq, text } of texts) {
      const [row] = this.#sql
        .exec<{ id: number }>("INSERT OR IGNORE INTO texts (session, seq) VALUES (?, ?) RETURNING id", id, seq)
        .toArray();
      if (row !== undefined)
        this.#sql.exec("INSERT INTO words (rowid, content) VALUES (?, ?)", row.id, searchable(text));
    }
  }

  /** Up to which entry a session has reported; 0 for one that has not. */
  reportedSeq(id: string): number {
    const rows = this.#sql.exec<{ seq: number }>("SELECT reported_seq AS seq FROM sessions WHERE id = ?", id).toArray();
    return rows[0]?.seq ?? 0;
  }

  setReportedSeq(id: string, seq: number): void {
    this.#sql.exec("UPDATE sessions SET reported_seq = max(reported_seq, ?) WHERE id = ?", seq, id);
  }

  /** Forgets the session, and remembers that there was one of this name: a message does not make it again. */
  remove(id: string): void {
    this.#sql.exec("DELETE FROM words WHERE rowid IN (SELECT id FROM texts WHERE session = ?)", id);
    this.#sql.exec("DELETE FROM texts WHERE session = ?", id);
    this.#sql.exec("DELETE FROM sessions WHERE id = ?", id);
    this.#sql.exec("INSERT OR IGNORE INTO erased VALUES (?)", id);
  }

  /** How many sessions use this prefix. */
  withPrefix(id: string): number {
    const query = "SELECT count(*) AS n FROM sessions WHERE json_extract(summary, '$.prefix') = ?";
    return this.#sql.exec<{ n: number }>(query, id).one().n;
  }

  wasErased(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM erased WHERE id = ?", id).toArray().length > 0;
  }

  /** `cursor` is the `next` of an earlier page; `q` must occur in the title, in any case, or its words in one message. */
  list({ limit, cursor, q = "" }: SessionQuery): SessionPage {
    const [atMs, id] = cursor === undefined ? [Number.MAX_SAFE_INTEGER, ""] : placeOf(cursor);
    const rows = this.#sql
      .exec<{ id: string; created_at: number; summary: string }>(
        `SELECT id, created_at, summary FROM sessions
         WHERE (created_at, id) < (?1, ?2)
           AND (instr(title, ?3) > 0 OR id IN (SELECT session FROM texts WHERE texts.id IN (SELECT rowid FROM words WHERE words MATCH ?4)))
         ORDER BY created_at DESC, id DESC LIMIT ?5`,
        atMs,
        id,
        q.toLowerCase(),
        allOf(q) ?? '""',
        limit + 1,
      )
      .toArray();
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return {
      sessions: shown.map(({ id, summary }) => readSummary(id, summary)),
      next: last && `${last.created_at}.${last.id}`,
    };
  }
}

function readSummary(id: string, summary: string): SessionSummary | BrokenRow {
  try {
    return JSON.parse(summary) as SessionSummary;
  } catch {
    return { id, broken: "This row cannot be shown: what the session reported last is damaged." };
  }
}

/** A cursor names the last row of its page. One that was never given out begins after everything. */
function placeOf(cursor: string): [number, string] {
  const [atMs = "", ...id] = cursor.split(".");
  return [/^-?\d{1,16}$/.test(atMs) ? Number(atMs) : -1, id.join(".")];
}

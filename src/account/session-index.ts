/** The account's list of sessions, as each session last reported itself, and the words of their messages. A copy for finding; the session's own object is the truth. */
import { allOf, searchable } from "../core/search-words.ts";
import type { BrokenRow, SessionSummary } from "../wire/native.ts";

/**
 * Most texts that sessions are found by. One takes up to 4 kB with its words, so all take at most 6 GB of the 10 GB that an
 * object may have (developers.cloudflare.com/durable-objects/platform/limits); the oldest leave first. See docs/scale.md.
 */
const mostTextsKept = 1_500_000;
/** Texts that leave with one report, so that none takes long. */
const leaveAtOnce = 500;
/** They are counted again at the latest after so many more. */
const lookEvery = 100;

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
  /** How the last turn ended. */
  reason?: string | undefined;
  /** Name of its agent. `isDefault`: those of before agents had names have it, too. */
  agent?: { name: string; isDefault: boolean } | undefined;
}

const updateShown = `UPDATE sessions SET summary = ?2, title = ?3, reported_seq = max(reported_seq, ?4)
  WHERE id = ?1 AND created_at = ?5 AND last_reason IS ?6 AND agent IS ?7 RETURNING reported_seq AS seq`;
const upsert = `INSERT INTO sessions (id, summary, title, reported_seq, created_at, last_reason, agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  ON CONFLICT (id) DO UPDATE SET summary = ?2, title = ?3, reported_seq = max(reported_seq, ?4), created_at = ?5, last_reason = ?6,
    agent = ?7 RETURNING reported_seq AS seq`;

const addTexts = "INSERT OR IGNORE INTO texts (session, seq) SELECT ?, value FROM json_each(?) RETURNING id, seq";
/** Not as JSON: SQLite ends a text of JSON at its first NUL. */
const addWords = "INSERT INTO words (rowid, content) VALUES ";
/** Cloudflare allows 100 bound values in a statement, and a row has two. */
const mostRows = 50;

export class SessionIndex {
  readonly #sql: SqlStorage;
  readonly #mostTexts: number;
  /** So many more texts may come before they are counted again. */
  #unseen = 0;

  constructor(sql: SqlStorage, mostTexts = mostTextsKept) {
    this.#sql = sql;
    this.#mostTexts = mostTexts;
  }

  /** Records a session as it is now, and up to which entry it has reported. Returns how far that is: it never goes back. */
  put(summary: SessionSummary, throughSeq = 0): number {
    const { id, title, createdAtMs, lastTurn, agent = null } = summary;
    const shown = [JSON.stringify(summary), (title ?? "").toLowerCase(), throughSeq] as const;
    const listedBy = [createdAtMs, lastTurn?.reason ?? null, agent] as const;
    // Nearly always what the indexes hold is the same: a column that is set is written in its index, too, also where nothing changes.
    const [same] = this.#sql.exec<{ seq: number }>(updateShown, id, ...shown, ...listedBy).toArray();
    if (same !== undefined) return same.seq;
    this.#sql.exec("DELETE FROM erased WHERE id = ?", id);
    return this.#sql.exec<{ seq: number }>(upsert, id, ...shown, ...listedBy).one().seq;
  }

  /** Makes the session findable by these texts; those that are known already stay as they are. */
  addTexts(id: string, texts: readonly SessionText[]): void {
    if (texts.length === 0) return;
    // A turn brings two: both by one statement.
    const seqs = JSON.stringify(texts.map(({ seq }) => seq));
    const added = this.#sql.exec<{ id: number; seq: number }>(addTexts, id, seqs).toArray();
    const bySeq = new Map(texts.map(({ seq, text }) => [seq, text]));
    for (let rows = added.splice(0, mostRows); rows.length > 0; rows = added.splice(0, mostRows)) {
      const values = rows.flatMap(({ id: rowid, seq }) => [rowid, searchable(bySeq.get(seq) ?? "")]);
      this.#sql.exec(addWords + rows.map(() => "(?, ?)").join(), ...values);
    }
    this.#makeRoom(texts.length);
  }

  /** Ids of texts rise, so the first and the last of them bound how many there are without counting. Looked at now and then: `added` texts have come. */
  #makeRoom(added: number): void {
    this.#unseen -= added;
    if (this.#unseen > 0) return;
    const query = "SELECT (SELECT min(id) FROM texts) AS first, (SELECT max(id) FROM texts) AS last";
    const { first, last } = this.#sql.exec<{ first: number | null; last: number | null }>(query).one();
    const over = (last ?? 0) - (first ?? 0) + 1 - this.#mostTexts;
    this.#unseen = Math.min(-over, lookEvery);
    if (first === null || over <= 0) return;
    const end = first + Math.min(over, leaveAtOnce);
    this.#sql.exec("DELETE FROM words WHERE rowid < ?", end);
    this.#sql.exec("DELETE FROM texts WHERE id < ?", end);
  }

  /** Forgets the session, and remembers that there was one of this name: a message does not make it again. */
  remove(id: string): void {
    this.#sql.exec("DELETE FROM words WHERE rowid IN (SELECT id FROM texts WHERE session = ?)", id);
    this.#sql.exec("DELETE FROM texts WHERE session = ?", id);
    this.#sql.exec("DELETE FROM sessions WHERE id = ?", id);
    this.#sql.exec("INSERT OR IGNORE INTO erased (id) VALUES (?)", id);
  }

  get count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM sessions").one().n;
  }

  /** In the order of their ids. */
  idsAfter(id: string, limit: number): string[] {
    const query = "SELECT id FROM sessions WHERE id > ? ORDER BY id LIMIT ?";
    return this.#sql
      .exec<{ id: string }>(query, id, limit)
      .toArray()
      .map((row) => row.id);
  }

  isListed(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM sessions WHERE id = ?", id).toArray().length > 0;
  }

  /** How many sessions use this prefix. */
  withPrefix(id: string): number {
    const query = "SELECT count(*) AS n FROM sessions WHERE json_extract(summary, '$.prefix') = ?";
    return this.#sql.exec<{ n: number }>(query, id).one().n;
  }

  /** Whether any name of an erased session is remembered. */
  get hasErased(): boolean {
    return this.#sql.exec("SELECT 1 FROM erased LIMIT 1").toArray().length > 0;
  }

  wasErased(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM erased WHERE id = ?", id).toArray().length > 0;
  }

  /** `cursor` is the `next` of an earlier page; `q` must occur in the title or in the id, in any case, or its words in one message. */
  list({ limit, cursor, q = "", reason, agent }: SessionQuery): SessionPage {
    const [atMs, id] = cursor === undefined ? [Number.MAX_SAFE_INTEGER, ""] : placeOf(cursor);
    const filters: string[] = [];
    const values: string[] = [];
    // Only what is filtered by is in the query, so that its index is used.
    const only = (value: string | undefined, condition: (place: string) => string) => {
      if (value !== undefined) filters.push(`AND ${condition(`?${5 + values.push(value)}`)}`);
    };
    only(reason, (place) => `last_reason = ${place}`);
    only(agent?.name, (place) => (agent?.isDefault ? `(agent = ${place} OR agent IS NULL)` : `agent = ${place}`));
    const rows = this.#sql
      .exec<{ id: string; created_at: number; summary: string }>(
        `SELECT id, created_at, summary FROM sessions
         WHERE (created_at, id) < (?1, ?2)
           ${filters.join(" ")}
           AND (instr(title, ?3) > 0 OR instr(lower(id), ?3) > 0 OR id IN (SELECT session FROM texts WHERE texts.id IN (SELECT rowid FROM words WHERE words MATCH ?4)))
         ORDER BY created_at DESC, id DESC LIMIT ?5`,
        atMs,
        id,
        q.toLowerCase(),
        allOf(q) ?? '""',
        limit + 1,
        ...values,
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

/** A cursor names the last row of its page. The door refuses one that was never given out. */
function placeOf(cursor: string): [number, string] {
  const [atMs, id = ""] = cursor.split(".");
  return [Number(atMs), id];
}

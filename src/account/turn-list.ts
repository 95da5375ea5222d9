/** The ended turns of the account's sessions, newest first, with what each used and how it ended. A row is written once however often it is reported, and leaves when it is older than the app keeps them. Holds no text but the words of a failure. */
import type { TurnEndReason } from "../core/entry.ts";
import type { ReportedTurn } from "../observe/telemetry.ts";
import type { TurnRecord } from "../observe/turn-record.ts";

/** Which turns are listed; what is absent does not matter. */
export interface TurnQuery {
  limit: number;
  cursor?: string | undefined;
  reason?: TurnEndReason | undefined;
  agent?: string | undefined;
  version?: string | undefined;
  model?: string | undefined;
  /** From then on, and before then, in ms since 1970. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  minCostMicros?: number | undefined;
  minMs?: number | undefined;
}

export interface ListedTurn extends TurnRecord {
  session: string;
}

/** `next` is the cursor of the page after it. A page may be short and have one: see `mostLookedAt`. */
export interface TurnPage {
  turns: ListedTurn[];
  next: string | undefined;
}

/**
 * Most rows that one page looks at, in the order of time or of another index (`npm run bench -- turns`): where few of many
 * turns match, a page ends there, with a cursor, so that no query holds the object up.
 */
const mostLookedAt = { byTime: 20_000, byIndex: 8_000 } as const;

/** Old rows that leave with one report, so that none takes long. */
const leaveAtOnce = 200;
const lookEveryMs = 60_000;

type ListPlace = { ended_at: number; session: string; seq: number };

export class TurnList {
  readonly #sql: SqlStorage;
  #lookAgainMs = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Records turns, and returns those that were not there. The caller holds a transaction. */
  record(session: string, turns: readonly ReportedTurn[]): ReportedTurn[] {
    return turns.filter(({ samples: _, ...turn }) => this.#insert(session, turn));
  }

  /** Removes the oldest of the turns that ended so long ago; looks for them once a minute, and goes on while there are many. */
  removeOld(nowMs: number, keptMs: number): void {
    if (nowMs < this.#lookAgainMs) return;
    if (this.removeBefore(nowMs - keptMs) < leaveAtOnce) this.#lookAgainMs = nowMs + lookEveryMs;
  }

  /** Removes the oldest turns that ended before then, and returns how many. */
  removeBefore(atMs: number): number {
    const oldest = "SELECT ended_at, session, seq FROM turns WHERE ended_at < ? ORDER BY ended_at LIMIT ?";
    const query = `DELETE FROM turns WHERE (ended_at, session, seq) IN (${oldest}) RETURNING 1`;
    return this.#sql.exec(query, atMs, leaveAtOnce).toArray().length;
  }

  list(query: TurnQuery): TurnPage {
    const { inner, others } = pageOf(query);
    const filters = others.map(({ filter }) => filter);
    const where = filters.length === 0 ? "" : `WHERE ${filters.join(" AND ")}`;
    const values = [...inner.values, ...others.map(({ value }) => value)];
    const found = `SELECT ended_at, session, seq, data FROM (${inner.sql}) ${where} LIMIT ?`;
    const rows = this.#sql.exec<ListPlace & { data: string }>(found, ...values, query.limit + 1).toArray();
    const turns = rows.slice(0, query.limit).map(({ session, data }) => {
      return { session, ...(JSON.parse(data) as TurnRecord) };
    });
    if (rows.length > query.limit) return { turns, next: cursorOf(rows[query.limit - 1]) };
    // All that were looked at may be shown, and all that there are.
    if (inner.most < 0) return { turns, next: undefined };
    const last = `SELECT ended_at, session, seq FROM (${inner.sql}) LIMIT 1 OFFSET ?`;
    return { turns, next: cursorOf(this.#sql.exec<ListPlace>(last, ...inner.values, inner.most - 1).toArray()[0]) };
  }

  #insert(session: string, record: TurnRecord): boolean {
    const { endedAtMs, seq, agent, version = null, model, reason, costMicros, ms } = record;
    const query = `INSERT OR IGNORE INTO turns (ended_at, session, seq, agent, agent_version, model, reason, cost_micros, ms, data)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1`;
    const values = [endedAtMs, session, seq, agent, version, model, reason, costMicros, ms, JSON.stringify(record)];
    return this.#sql.exec(query, ...values).toArray().length > 0;
  }
}

interface Filter {
  /** With one `?`. */
  filter: string;
  value: string | number;
}

/**
 * `inner` finds the rows that a page looks at, newest first, at most so many of them (-1: all), by the index of what is
 * likely to be the rarest of what is asked for. Those of them are shown that match the `others`.
 */
export function pageOf(query: TurnQuery): {
  inner: { sql: string; values: (string | number)[]; most: number };
  others: Filter[];
} {
  const { reason, version, model, agent, sinceMs, untilMs, minCostMicros, minMs } = query;
  const filters = [
    // Most turns complete; the others have an index of their own.
    // SQLite takes a partial index only where its condition is in the query, too.
    reason === "completed"
      ? filterOf(reason, "reason = ?")
      : filterOf(reason, "reason <> 'completed' AND reason = ?", "turns_by_reason"),
    filterOf(version, "agent_version = ?", "turns_by_version"),
    filterOf(model, "model = ?", "turns_by_model"),
    filterOf(agent, "agent = ?", "turns_by_agent"),
    filterOf(minCostMicros, "cost_micros >= ?"),
    filterOf(minMs, "ms >= ?"),
  ].filter((each) => each !== undefined);
  const first = filters.find(({ index }) => index !== undefined);
  const others = filters.filter((each) => each !== first);
  const begin = placeOf(query.cursor);
  // Where the page begins, so that nothing newer is looked at: session ids are never empty.
  const [atMs, seq, session] = untilMs !== undefined && untilMs <= begin[0] ? [untilMs, 0, ""] : begin;
  const range = [filterOf(sinceMs, "ended_at >= ?"), first].filter((each) => each !== undefined);
  const most = others.length === 0 ? -1 : first === undefined ? mostLookedAt.byTime : mostLookedAt.byIndex;
  const where = ["ended_at <= ? AND (+ended_at, session, seq) < (?, ?, ?)", ...range.map(({ filter }) => filter)].join(
    " AND ",
  );
  const sql = `SELECT ended_at, session, seq, agent, agent_version, model, reason, cost_micros, ms, data FROM turns ${first?.index === undefined ? "" : `INDEXED BY ${first.index}`} WHERE ${where}
    ORDER BY ended_at DESC, session DESC, seq DESC LIMIT ${most}`;
  return { inner: { sql, values: [atMs, atMs, session, seq, ...range.map(({ value }) => value)], most }, others };
}

function filterOf(
  value: string | number | undefined,
  filter: string,
  index?: string,
): (Filter & { index: string | undefined }) | undefined {
  return value === undefined ? undefined : { filter, value, index };
}

function cursorOf(row: ListPlace | undefined): string | undefined {
  return row && `${row.ended_at}.${row.seq}.${row.session}`;
}

/** A cursor names the last row of its page: when it ended, the number of its last entry, its session. The door refuses one that was never given out. */
function placeOf(cursor: string | undefined): [atMs: number, seq: number, session: string] {
  if (cursor === undefined) return [Number.MAX_SAFE_INTEGER, 0, ""];
  const [atMs, seq, session = ""] = cursor.split(".");
  return [Number(atMs), Number(seq), session];
}

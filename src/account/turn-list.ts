/** The ended turns of the account's sessions, newest first, with what each used and how it ended. A row is written once however often it is reported, and leaves when it is older than the app keeps them. Holds no text but the words of a failure. */
import type { TurnEndReason } from "../core/entry.ts";
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

const columns = `ended_at, session, seq, turn, agent, agent_version, model, reason, code, detail, steps, input_tokens,
  cached_tokens, output_tokens, reasoning_tokens, cost_micros, ms, first_event_ms, tool_errors, repairs`;

type Row = {
  ended_at: number;
  session: string;
  seq: number;
  turn: string;
  agent: string;
  agent_version: string | null;
  model: string | null;
  reason: TurnEndReason;
  code: string | null;
  detail: string | null;
  steps: number;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cost_micros: number;
  ms: number;
  first_event_ms: number | null;
  tool_errors: number;
  repairs: number;
};

export class TurnList {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Records turns, and returns those that were not there. The caller holds a transaction. */
  record(session: string, turns: readonly TurnRecord[]): TurnRecord[] {
    return turns.filter((turn) => this.#insert(session, turn));
  }

  /** Removes the oldest turns that ended before then. */
  removeBefore(atMs: number): void {
    const oldest = "SELECT ended_at, session, seq FROM turns WHERE ended_at < ? ORDER BY ended_at LIMIT ?";
    this.#sql.exec(`DELETE FROM turns WHERE (ended_at, session, seq) IN (${oldest})`, atMs, leaveAtOnce);
  }

  list(query: TurnQuery): TurnPage {
    const { inner, others } = pageOf(query);
    const filters = others.map(({ filter }) => filter);
    const where = filters.length === 0 ? "" : `WHERE ${filters.join(" AND ")}`;
    const values = [...inner.values, ...others.map(({ value }) => value)];
    const found = `SELECT ${columns} FROM (${inner.sql}) ${where} LIMIT ?`;
    const rows = this.#sql.exec<Row>(found, ...values, query.limit + 1).toArray();
    const turns = rows.slice(0, query.limit).map(turnOf);
    if (rows.length > query.limit) return { turns, next: cursorOf(rows[query.limit - 1]) };
    // All that were looked at may be shown, and all that there are.
    if (inner.most < 0) return { turns, next: undefined };
    const last = `SELECT ended_at, session, seq FROM (${inner.sql}) LIMIT 1 OFFSET ?`;
    return { turns, next: cursorOf(this.#sql.exec<Place>(last, ...inner.values, inner.most - 1).toArray()[0]) };
  }

  #insert(session: string, record: TurnRecord): boolean {
    const { usage, error } = record;
    const values = [
      record.endedAtMs,
      session,
      record.seq,
      record.turn,
      record.agent,
      record.version ?? null,
      record.model,
      record.reason,
      error?.code ?? null,
      error?.detail ?? null,
      record.steps,
      usage.inputTokens,
      usage.cachedTokens,
      usage.outputTokens,
      usage.reasoningTokens,
      record.costMicros,
      record.ms,
      record.firstEventMs,
      record.toolErrors,
      record.repairs,
    ];
    const places = values.map(() => "?").join(", ");
    const query = `INSERT OR IGNORE INTO turns (${columns}) VALUES (${places}) RETURNING 1`;
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
  const sql = `SELECT * FROM turns ${first?.index === undefined ? "" : `INDEXED BY ${first.index}`} WHERE ${where}
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

type Place = Pick<Row, "ended_at" | "session" | "seq">;

function cursorOf(row: Place | undefined): string | undefined {
  return row && `${row.ended_at}.${row.seq}.${row.session}`;
}

/** A cursor names the last row of its page: when it ended, the number of its last entry, its session. One that was never given out begins after everything. */
export function placeOf(cursor: string | undefined): [atMs: number, seq: number, session: string] {
  if (cursor === undefined) return [Number.MAX_SAFE_INTEGER, 0, ""];
  const [, atMs, seq, session = ""] = /^(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9_-]{1,64})$/.exec(cursor) ?? [];
  return atMs === undefined ? [-1, 0, ""] : [Number(atMs), Number(seq), session];
}

function turnOf(row: Row): ListedTurn {
  return {
    session: row.session,
    seq: row.seq,
    turn: row.turn,
    endedAtMs: row.ended_at,
    agent: row.agent,
    ...(row.agent_version !== null && { version: row.agent_version }),
    model: row.model,
    reason: row.reason,
    ...(row.code !== null && { error: { code: row.code, detail: row.detail ?? "" } }),
    steps: row.steps,
    usage: {
      inputTokens: row.input_tokens,
      cachedTokens: row.cached_tokens,
      outputTokens: row.output_tokens,
      reasoningTokens: row.reasoning_tokens,
    },
    costMicros: row.cost_micros,
    ms: row.ms,
    firstEventMs: row.first_event_ms,
    toolErrors: row.tool_errors,
    repairs: row.repairs,
  };
}

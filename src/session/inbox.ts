/** Messages that were accepted: waiting ones and, as receipts for idempotency, those whose turn has begun. Never runs anything. */
import type { TurnOptions, UserEntry } from "../core/entry.ts";

/** What a person sent, as it waits for its turn. */
export interface InboxMessage {
  content: string;
  speaker?: string;
  metadata?: Record<string, string>;
  options: TurnOptions;
}

/** What tells a repeated message from a new one: the sender's key and a digest of what came with it. */
export interface Receipt {
  key?: string;
  bodyHash?: string;
}

/** A message in the inbox. Its turn has begun when it has a `firstSeq`. */
export interface Waiting {
  turn: string;
  message: InboxMessage;
  firstSeq: number | undefined;
  cancelled: boolean;
  bodyHash: string | undefined;
}

type Row = {
  id: number;
  message: string;
  first_seq: number | null;
  cancelled_at: number | null;
  body_hash: string | null;
};

const columns = "id, message, first_seq, cancelled_at, body_hash";

export class Inbox {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Takes a message in and names its turn. Turns are numbered, so that their order can be read off their ids. */
  add(message: InboxMessage, of: Receipt & { firstSeq?: number; atMs: number }): string {
    const { id } = this.#sql
      .exec<{ id: number }>(
        "INSERT INTO inbox (message, idempotency_key, body_hash, first_seq, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        JSON.stringify(message),
        of.key ?? null,
        of.bodyHash ?? null,
        of.firstSeq ?? null,
        of.atMs,
      )
      .one();
    return turnOf(id);
  }

  byKey(key: string): Waiting | undefined {
    return this.#one(`SELECT ${columns} FROM inbox WHERE idempotency_key = ?`, key);
  }

  byTurn(turn: string): Waiting | undefined {
    const id = idOf(turn);
    return id === undefined ? undefined : this.#one(`SELECT ${columns} FROM inbox WHERE id = ?`, id);
  }

  /** The oldest message after `turn` (the last one that began), or after nothing. */
  next(turn: string | undefined): Waiting | undefined {
    return this.#one(`SELECT ${columns} FROM inbox WHERE id > ? ORDER BY id LIMIT 1`, begun(turn));
  }

  /** How many wait behind `turn`. */
  countAfter(turn: string | undefined): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM inbox WHERE id > ?", begun(turn)).one().n;
  }

  begin(turn: string, firstSeq: number): void {
    this.#sql.exec("UPDATE inbox SET first_seq = ? WHERE id = ?", firstSeq, idOf(turn) ?? 0);
  }

  cancel(turn: string, atMs: number): void {
    this.#sql.exec("UPDATE inbox SET cancelled_at = ? WHERE id = ? AND cancelled_at IS NULL", atMs, idOf(turn) ?? 0);
  }

  #one(query: string, ...bindings: (string | number)[]): Waiting | undefined {
    const row = this.#sql.exec<Row>(query, ...bindings).toArray()[0];
    if (row === undefined) return undefined;
    return {
      turn: turnOf(row.id),
      message: JSON.parse(row.message) as InboxMessage,
      firstSeq: row.first_seq ?? undefined,
      cancelled: row.cancelled_at !== null,
      bodyHash: row.body_hash ?? undefined,
    };
  }
}

/** The entry that begins a turn. */
export function userEntry(turn: string, message: InboxMessage, atMs: number): Omit<UserEntry, "seq"> {
  return { type: "user", turn, ...message, atMs };
}

function turnOf(id: number): string {
  return `turn_${id}`;
}

function idOf(turn: string): number | undefined {
  const match = /^turn_(\d{1,15})$/.exec(turn);
  return match === null ? undefined : Number(match[1]);
}

function begun(turn: string | undefined): number {
  return turn === undefined ? 0 : (idOf(turn) ?? 0);
}

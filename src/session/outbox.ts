/** What is owed to channels: one row per answer that somebody outside waits for, until it is delivered or given up. Never calls anybody. */
import type { Address } from "../channels/channel.ts";

/** An answer that is owed. */
export interface Owed {
  /** Names the delivery for ever: receivers tell a repeated one by it. */
  id: string;
  turn: string;
  address: Address;
  /** `dead`: given up, and kept for whoever wants to try again. */
  state: "open" | "dead";
  /** What the channel says it shows already; its own JSON. */
  shown: unknown;
  /** Tries that failed, since one last went well. */
  attempts: number;
  /** When somebody must look after it though nothing happens, in ms since 1970; null: the turn's own events will do. */
  nextAtMs: number | null;
  error: string | null;
  createdAtMs: number;
}

type Row = {
  id: string;
  turn: string;
  address: string;
  state: "open" | "dead";
  shown: string | null;
  attempts: number;
  next_at: number | null;
  error: string | null;
  created_at: number;
};

const columns = "id, turn, address, state, shown, attempts, next_at, error, created_at";

export class Outbox {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Owes a turn's answer to an address. Runs in the transaction that accepts the message. */
  add({ turn, address, atMs }: { turn: string; address: Address; atMs: number }): void {
    const id = `dlv_${crypto.randomUUID().replaceAll("-", "")}`;
    this.#sql.exec(
      "INSERT INTO outbox (id, turn, address, state, created_at) VALUES (?, ?, ?, 'open', ?)",
      id,
      turn,
      JSON.stringify(address),
      atMs,
    );
  }

  /** Everything owed and given up, oldest first. What was delivered is gone. */
  all(): Owed[] {
    return this.#sql.exec<Row>(`SELECT ${columns} FROM outbox ORDER BY created_at, rowid`).toArray().map(owedOf);
  }

  byId(id: string): Owed | undefined {
    return this.#sql.exec<Row>(`SELECT ${columns} FROM outbox WHERE id = ?`, id).toArray().map(owedOf)[0];
  }

  get isEmpty(): boolean {
    return this.#sql.exec("SELECT 1 FROM outbox LIMIT 1").toArray().length === 0;
  }

  /** Whether an answer is still to be delivered, or the account to be told that one was given up. */
  get owes(): boolean {
    const query = "SELECT 1 FROM outbox WHERE state = 'open' OR next_at IS NOT NULL LIMIT 1";
    return this.#sql.exec(query).toArray().length > 0;
  }

  /** From then on somebody must look after the turn's deliveries. Runs in the transaction that ends the turn. */
  turnEnded(turn: string, nextAtMs: number): void {
    this.#sql.exec("UPDATE outbox SET next_at = ? WHERE turn = ? AND state = 'open'", nextAtMs, turn);
  }

  /** Writes down what is shown, or about to be. */
  save(id: string, shown: unknown): void {
    this.#sql.exec("UPDATE outbox SET shown = ? WHERE id = ?", JSON.stringify(shown ?? null), id);
  }

  /** A try failed; the next one comes at `nextAtMs`. */
  failed(id: string, of: { shown: unknown; attempts: number; nextAtMs: number | null; error: string }): void {
    this.#sql.exec(
      "UPDATE outbox SET shown = ?, attempts = ?, next_at = ?, error = ? WHERE id = ?",
      JSON.stringify(of.shown ?? null),
      of.attempts,
      of.nextAtMs,
      of.error,
      id,
    );
  }

  delivered(id: string): void {
    this.#sql.exec("DELETE FROM outbox WHERE id = ?", id);
  }

  /** Adds a newer way to answer to the turn's deliveries by the same channel; what they had stays. */
  freshen(turn: string, { channel, ...fresh }: Address): void {
    this.#sql.exec(
      `UPDATE outbox SET address = json_set(address, '$.fresh', json(?))
       WHERE turn = ? AND state = 'open' AND json_extract(address, '$.channel') = ?`,
      JSON.stringify(fresh),
      turn,
      channel,
    );
  }

  /** Gives it up. `nextAtMs`: the account does not know of it yet, and is told then at the latest; null: it knows. */
  bury(id: string, of: { error: string; attempts: number; nextAtMs: number | null }): void {
    const query = "UPDATE outbox SET state = 'dead', error = ?, attempts = ?, next_at = ? WHERE id = ?";
    this.#sql.exec(query, of.error, of.attempts, of.nextAtMs, id);
  }

  /** Tries a dead one again from the start. */
  revive(id: string, atMs: number): void {
    this.#sql.exec("UPDATE outbox SET state = 'open', attempts = 0, next_at = ? WHERE id = ?", atMs, id);
  }
}

function owedOf(row: Row): Owed {
  return {
    id: row.id,
    turn: row.turn,
    address: JSON.parse(row.address) as Address,
    state: row.state,
    shown: row.shown === null ? undefined : (JSON.parse(row.shown) ?? undefined),
    attempts: row.attempts,
    nextAtMs: row.next_at,
    error: row.error,
    createdAtMs: row.created_at,
  };
}

/** What is owed to channels: one row for each answer that is awaited outside, until it is delivered or given up. Sends nothing. */
import type { Address } from "../../channels/channel.ts";
import type { RowCopy } from "./row-copy.ts";

/** An answer that is owed. */
export interface Owed {
  /** Names the delivery for ever: receivers recognise a repeated one by it. */
  id: string;
  turn: string;
  address: Address;
  /** `dead`: given up, and kept so that it can be tried again. */
  state: "open" | "dead";
  /** What the channel says it shows already; its own JSON. */
  shown: unknown;
  /** Tries that failed, since one last went well. */
  attempts: number;
  /** When it must be looked after though nothing happens, in ms since 1970; null: the turn's own events will do. */
  nextAtMs: number | null;
  error: string | null;
  createdAtMs: number;
}

type OutboxRow = {
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

export class Outbox implements RowCopy {
  readonly #sql: SqlStorage;
  /** By id, oldest first. */
  #copy: Map<string, OutboxRow> | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  startEmpty(): void {
    this.#copy = new Map();
  }

  forget(): void {
    this.#copy = undefined;
  }

  /** Owes a turn's answer to an address. Runs in the transaction that accepts the message. */
  add({ turn, address, atMs }: { turn: string; address: Address; atMs: number }): void {
    const id = `dlv_${crypto.randomUUID().replaceAll("-", "")}`;
    const text = JSON.stringify(address);
    const copy = this.#read;
    const query = "INSERT INTO outbox (id, turn, address, state, created_at) VALUES (?, ?, ?, 'open', ?)";
    this.#sql.exec(query, id, turn, text, atMs);
    const fresh = { shown: null, attempts: 0, next_at: null, error: null, created_at: atMs };
    copy.set(id, { id, turn, address: text, state: "open", ...fresh });
  }

  /** Everything owed and given up, oldest first. What was delivered is gone. */
  all(): Owed[] {
    return this.#rows.map(owedOf);
  }

  /** Where the turn is to be answered. */
  addressOf(of: string): Address | undefined {
    return this.all().find(({ turn, state }) => turn === of && state === "open")?.address;
  }

  byId(id: string): Owed | undefined {
    const row = this.#read.get(id);
    return row && owedOf(row);
  }

  get isEmpty(): boolean {
    return this.#read.size === 0;
  }

  /** Whether an answer is still to be delivered, or a given-up one to be reported to the account. */
  get owes(): boolean {
    return this.#rows.some(({ state, next_at }) => state === "open" || next_at !== null);
  }

  /** From then on the turn's deliveries must be looked after. Runs in the transaction that ends the turn. */
  turnEnded(turn: string, nextAtMs: number): void {
    const rows = this.#rows.filter((row) => row.turn === turn && row.state === "open");
    if (rows.length === 0) return;
    this.#sql.exec("UPDATE outbox SET next_at = ? WHERE turn = ? AND state = 'open'", nextAtMs, turn);
    for (const { id } of rows) this.#keep(id, { next_at: nextAtMs });
  }

  /** Writes down what is shown, or about to be. */
  save(id: string, shown: unknown): void {
    const text = JSON.stringify(shown ?? null);
    this.#sql.exec("UPDATE outbox SET shown = ? WHERE id = ?", text, id);
    this.#keep(id, { shown: text });
  }

  /** A try failed; the next one comes at `nextAtMs`. */
  failed(id: string, of: { shown: unknown; attempts: number; nextAtMs: number | null; error: string }): void {
    const { attempts, nextAtMs, error } = of;
    const shown = JSON.stringify(of.shown ?? null);
    const query = "UPDATE outbox SET shown = ?, attempts = ?, next_at = ?, error = ? WHERE id = ?";
    this.#sql.exec(query, shown, attempts, nextAtMs, error, id);
    this.#keep(id, { shown, attempts, next_at: nextAtMs, error });
  }

  delivered(id: string): void {
    this.#sql.exec("DELETE FROM outbox WHERE id = ?", id);
    this.#read.delete(id);
  }

  /** Adds a newer way to answer to the turn's deliveries by the same channel; what they had stays. */
  freshen(turn: string, { channel, ...fresh }: Address): void {
    for (const row of this.#rows.filter((each) => each.turn === turn && each.state === "open")) {
      const address = JSON.parse(row.address) as Address;
      if (address.channel !== channel) continue;
      const text = JSON.stringify({ ...address, fresh });
      this.#sql.exec("UPDATE outbox SET address = ? WHERE id = ?", text, row.id);
      this.#keep(row.id, { address: text });
    }
  }

  /** Gives it up. `nextAtMs`: the account does not know of it yet, and gets a report then at the latest; null: it knows. */
  bury(id: string, of: { error: string; attempts: number; nextAtMs: number | null }): void {
    const query = "UPDATE outbox SET state = 'dead', error = ?, attempts = ?, next_at = ? WHERE id = ?";
    this.#sql.exec(query, of.error, of.attempts, of.nextAtMs, id);
    this.#keep(id, { state: "dead", error: of.error, attempts: of.attempts, next_at: of.nextAtMs });
  }

  /** Tries a dead one again from the start. */
  revive(id: string, atMs: number): void {
    this.#sql.exec("UPDATE outbox SET state = 'open', attempts = 0, next_at = ? WHERE id = ?", atMs, id);
    this.#keep(id, { state: "open", attempts: 0, next_at: atMs });
  }

  get #rows(): OutboxRow[] {
    return [...this.#read.values()];
  }

  get #read(): Map<string, OutboxRow> {
    if (this.#copy === undefined) {
      const rows = this.#sql.exec<OutboxRow>(`SELECT ${columns} FROM outbox ORDER BY created_at, rowid`).toArray();
      this.#copy = new Map(rows.map((row) => [row.id, row]));
    }
    return this.#copy;
  }

  /** Changes a row in memory, after it was written. */
  #keep(id: string, changed: Partial<OutboxRow>): void {
    const row = this.#read.get(id);
    if (row !== undefined) this.#read.set(id, { ...row, ...changed });
  }
}

function owedOf(row: OutboxRow): Owed {
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

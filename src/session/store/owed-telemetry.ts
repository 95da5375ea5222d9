/** The rows of telemetry: what a session owes to the collector, oldest first, how sending it goes, and how deliveries ended. Only an app that lists `otel()` carries this; the tables are there in any case. Never sends anything. */

import type { DeliveryRecord } from "../../observe/delivery-spans.ts";
import type { TelemetryItem } from "../../observe/telemetry.ts";

/** How sending goes. Times in ms since 1970. */
export interface ExportState {
  /** Tries that failed in a row, and since when. */
  attempts: number;
  sinceMs: number;
  /** When it is tried again; null: there is no need to wait. */
  nextAtMs: number | null;
  /** Dropped, and not yet reported to the collector. */
  dropped: number;
  /** Given up up to this row: it is sent again with what comes after it, once that was taken, or when a caller asks for it. */
  deadId: number;
  error: string | null;
  /** The account still lists what was given up, or does not list it yet. */
  letter: "none" | "owed" | "listed";
}

export interface OwedItem {
  id: number;
  item: TelemetryItem;
}

/** Most that is kept for a collector that takes nothing: the oldest are dropped, and counted. */
export const mostOwed = 1_000;

const atRest: ExportState = {
  attempts: 0,
  sinceMs: 0,
  nextAtMs: null,
  dropped: 0,
  deadId: 0,
  error: null,
  letter: "none",
};

export class OwedTelemetry {
  readonly #sql: SqlStorage;
  #copy: { items: OwedItem[]; state: ExportState } | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  forget(): void {
    this.#copy = undefined;
  }

  get state(): ExportState {
    return this.#read.state;
  }

  get items(): readonly OwedItem[] {
    return this.#read.items;
  }

  /** Those that are not given up. */
  get live(): OwedItem[] {
    const { items, state } = this.#read;
    return state.deadId === 0 ? items : items.filter(({ id }) => id > state.deadId);
  }

  /** Returns how many had to be dropped for it. */
  add(item: TelemetryItem): number {
    const { items } = this.#read;
    const query = "INSERT INTO exports (item) VALUES (?) RETURNING id";
    const { id } = this.#sql.exec<{ id: number }>(query, JSON.stringify(item)).one();
    items.push({ id, item });
    const over = items.length - mostOwed;
    if (over <= 0) return 0;
    this.remove(items.slice(0, over).map((each) => each.id));
    this.change({ dropped: this.state.dropped + over });
    return over;
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) this.#sql.exec("DELETE FROM exports WHERE id = ?", id);
    const gone = new Set(ids);
    const copy = this.#read;
    copy.items = copy.items.filter(({ id }) => !gone.has(id));
  }

  /** Writes only what differs. */
  change(changes: Partial<ExportState>): void {
    const copy = this.#read;
    const state = { ...copy.state, ...changes };
    const text = JSON.stringify(state);
    if (text === JSON.stringify(copy.state)) return;
    this.#sql.exec(
      "INSERT INTO export_state (id, state) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
      text,
    );
    copy.state = state;
  }

  get #read(): { items: OwedItem[]; state: ExportState } {
    if (this.#copy !== undefined) return this.#copy;
    const rows = this.#sql.exec<{ id: number; item: string }>("SELECT id, item FROM exports ORDER BY id").toArray();
    const [kept] = this.#sql.exec<{ state: string }>("SELECT state FROM export_state").toArray();
    this.#copy = {
      items: rows.map(({ id, item }) => ({ id, item: JSON.parse(item) as TelemetryItem })),
      state: { ...atRest, ...(kept && (JSON.parse(kept.state) as Partial<ExportState>)) },
    };
    return this.#copy;
  }
}

/** How deliveries ended, for the trace of their turn. The outbox forgets what it has delivered. */
export class DeliveriesMade {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Runs in the transaction that ends the delivery. */
  put(delivered: DeliveryRecord): void {
    const { id, turn } = delivered;
    const query =
      "INSERT INTO delivered (id, turn, data) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data";
    this.#sql.exec(query, id, turn, JSON.stringify(delivered));
  }

  /** In the order in which they ended. */
  ofTurn(turn: string): DeliveryRecord[] {
    const rows = this.#sql.exec<{ data: string }>("SELECT data FROM delivered WHERE turn = ?", turn).toArray();
    return rows.map(read).sort((a, b) => a.endMs - b.endMs);
  }

  byId(id: string): DeliveryRecord | undefined {
    return this.#sql.exec<{ data: string }>("SELECT data FROM delivered WHERE id = ?", id).toArray().map(read)[0];
  }
}

function read({ data }: { data: string }): DeliveryRecord {
  return JSON.parse(data) as DeliveryRecord;
}

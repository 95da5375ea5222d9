/** What became of deliveries that are over, for the trace of their turn. The outbox forgets what it has delivered. */
import type { DeliveryRecord } from "../../observe/delivery-spans.ts";

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

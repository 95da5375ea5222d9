/** What became of deliveries that are over, for the trace of their turn. The outbox forgets what it has delivered. */
import type { Delivered } from "../../observe/delivery-spans.ts";

export class DeliveriesMade {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Runs in the transaction that ends the delivery. */
  put(delivered: Delivered): void {
    const { id, turn } = delivered;
    const query = "INSERT OR REPLACE INTO delivered (id, turn, data) VALUES (?, ?, ?)";
    this.#sql.exec(query, id, turn, JSON.stringify(delivered));
  }

  /** In the order in which they ended. */
  ofTurn(turn: string): Delivered[] {
    const rows = this.#sql.exec<{ data: string }>("SELECT data FROM delivered WHERE turn = ?", turn).toArray();
    return rows.map(read).sort((a, b) => a.endMs - b.endMs);
  }

  byId(id: string): Delivered | undefined {
    return this.#sql.exec<{ data: string }>("SELECT data FROM delivered WHERE id = ?", id).toArray().map(read)[0];
  }
}

function read({ data }: { data: string }): Delivered {
  return JSON.parse(data) as Delivered;
}

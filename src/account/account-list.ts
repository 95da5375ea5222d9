/** The accounts that were made, for those who run the Worker. Kept in an object of its own, under a name that no account can have. */

/** The name of the object that holds the list. */
export const listName = "~accounts";

export class AccountList {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  add(id: string, atMs: number): void {
    this.#sql.exec("INSERT OR IGNORE INTO accounts (id, created_at) VALUES (?, ?)", id, atMs);
  }

  /** Counts what sessions of this Worker had to drop of their telemetry. */
  addDropped(count: number): void {
    const query =
      "INSERT INTO telemetry (id, dropped) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET dropped = dropped + ?1";
    this.#sql.exec(query, count);
  }

  get droppedTelemetry(): number {
    return this.#sql.exec<{ dropped: number }>("SELECT dropped FROM telemetry").toArray()[0]?.dropped ?? 0;
  }

  ids(): string[] {
    return this.#sql
      .exec<{ id: string }>("SELECT id FROM accounts ORDER BY id")
      .toArray()
      .map(({ id }) => id);
  }
}

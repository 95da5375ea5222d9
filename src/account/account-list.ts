/** The accounts that were made, for those who run the Worker. Kept in an object of its own, under a name that no account can have. */
import { readWatched } from "./watched.ts";

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

  remove(id: string): void {
    this.#sql.exec("DELETE FROM accounts WHERE id = ?", id);
  }

  /** Counts what sessions of this Worker had to drop of their telemetry. */
  addDropped(count: number): void {
    const query =
      "INSERT INTO watched (name, data) VALUES ('dropped', ?) ON CONFLICT (name) DO UPDATE SET data = data + excluded.data";
    this.#sql.exec(query, String(count));
  }

  get droppedTelemetry(): number {
    return readWatched(this.#sql, "dropped") ?? 0;
  }

  ids(): string[] {
    return this.#sql
      .exec<{ id: string }>("SELECT id FROM accounts ORDER BY id")
      .toArray()
      .map(({ id }) => id);
  }
}

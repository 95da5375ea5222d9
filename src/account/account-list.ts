/** The accounts that were made, for those who run the Worker. Kept in an object of its own, under a name that no account can have. */

const table =
  "CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/** The name of the object that holds the list. */
export const listName = "~accounts";

export class AccountList {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(table);
  }

  add(id: string, atMs: number): void {
    this.#sql.exec("INSERT OR IGNORE INTO accounts VALUES (?, ?)", id, atMs);
  }

  ids(): string[] {
    return this.#sql
      .exec<{ id: string }>("SELECT id FROM accounts ORDER BY id")
      .toArray()
      .map(({ id }) => id);
  }
}

/** Reads all that an object of ours stores, and starts it again as a deploy does. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { bindings } from "./session-world.ts";

export const sessionStub = (account: string, name: string) => bindings.SESSIONS.getByName(`${account}:${name}`);
export const accountStub = (account: string) => bindings.ACCOUNTS.getByName(account);

/** The next call starts the object anew on what it has stored. */
export const restart = (stub: DurableObjectStub) => evictDurableObject(stub);

/** Runs statements in an object's database. */
export function change(stub: DurableObjectStub, statements: string): Promise<void> {
  return runInDurableObject(stub, (_, { storage }) => void storage.sql.exec(statements));
}

/** Every table with its statement and its rows, as text; the runtime's own are left out. */
export function storedRows(stub: DurableObjectStub): Promise<string> {
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const made = sql.exec<{ name: string; type: string; sql: string }>(
      "SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name",
    );
    const tables = made.toArray().map(({ name, type, sql: statement }) => {
      const rows = type === "table" ? [...sql.exec(`SELECT * FROM "${name}"`).raw()] : [];
      return { name, statement, rows: rows.map((row) => row.map(readable)) };
    });
    return JSON.stringify(tables, null, 1);
  });
}

function readable(value: SqlStorageValue): string | number | null {
  return value instanceof ArrayBuffer ? [...new Uint8Array(value)].join(" ") : value;
}

/** The tables that columns can be added to. */
export function plainTables(stub: DurableObjectStub): Promise<string[]> {
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const query = `SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
      AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_\\_mini%' ESCAPE '\\'`;
    return sql
      .exec<{ name: string }>(query)
      .toArray()
      .map(({ name }) => name);
  });
}

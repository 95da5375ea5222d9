/** A Durable Object's storage over Node's SQLite, for tests that need no Worker. Alarms are not kept. */
import { DatabaseSync } from "node:sqlite";

/** `beforeStatement` ends the instance before a statement by what it throws. */
export function nodeStorage({ beforeStatement = () => {} } = {}): DurableObjectStorage {
  const db = new DatabaseSync(":memory:");
  let depth = 0;
  const exec = (query: string, ...bindings: (string | number | null)[]) => {
    beforeStatement();
    // Only `exec` of Node takes several statements, as Durable Objects do; they take values for the last one alone.
    const rows = bindings.length === 0 && /;\s*\S/.test(query) ? db.exec(query) : db.prepare(query).all(...bindings);
    return cursor(rows ?? []);
  };
  const transactionSync = <T>(work: () => T): T => {
    const name = `t${depth++}`;
    db.exec(`SAVEPOINT ${name}`);
    try {
      const result = work();
      db.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      depth--;
    }
  };
  const storage = { sql: { exec }, transactionSync, sync: async () => {}, setAlarm: async () => {} };
  return storage as unknown as DurableObjectStorage;
}

/** All that is stored there, to see whether something has changed. */
export function contentsOf({ sql }: DurableObjectStorage): Record<string, unknown[]> {
  const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
  return Object.fromEntries(tables.map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]));
}

function cursor(found: readonly object[]) {
  const rows = found.map((row) => ({ ...row }));
  const one = () => {
    if (rows.length !== 1) throw new Error(`Expected exactly one result from SQL query, but got ${rows.length}`);
    return rows[0];
  };
  return { toArray: () => rows, one, rowsWritten: 0, [Symbol.iterator]: () => rows[Symbol.iterator]() };
}

/** The storage as a session uses it. Counts the rows that it writes: they are what Durable Objects bill beside requests (developers.cloudflare.com/durable-objects/platform/pricing). Reports each transaction that was rolled back. */

export class RowCounter {
  #rows = 0;

  add(rows: number): void {
    this.#rows += rows;
  }

  /** How many rows were written since the last take. */
  take(): number {
    const rows = this.#rows;
    this.#rows = 0;
    return rows;
  }
}

/**
 * The same storage, with every statement's written rows and every alarm counted. An alarm is billed as one row. `rolledBack` is
 * called after a transaction or a statement that failed, so that what memory holds of it is read anew.
 */
export function countedStorage(
  storage: DurableObjectStorage,
  counter: RowCounter,
  rolledBack: () => void,
): DurableObjectStorage {
  const sql = new Proxy(storage.sql, {
    get(target, name) {
      if (name !== "exec") return bound(target, name);
      return (query: string, ...bindings: unknown[]) => {
        const cursor = executed(target, { query, bindings, failed: rolledBack });
        // A statement that writes has done so when its cursor comes back.
        counter.add(cursor.rowsWritten);
        return cursor;
      };
    },
  });
  return new Proxy(storage, {
    get(target, name) {
      if (name === "sql") return sql;
      if (name === "transactionSync") return <T>(work: () => T) => transaction(target, work, rolledBack);
      if (name === "setAlarm" || name === "deleteAlarm") counter.add(1);
      return bound(target, name);
    },
  });
}

/** A statement that fails for a full database takes with it what was written before it in the same transaction, also in one that the runtime opened by itself. */
function executed(
  sql: SqlStorage,
  { query, bindings, failed }: { query: string; bindings: unknown[]; failed: () => void },
): SqlStorageCursor<Record<string, SqlStorageValue>> {
  try {
    return sql.exec(query, ...bindings);
  } catch (error) {
    failed();
    throw error;
  }
}

/**
 * A full database has rolled the transaction back by itself when the statement fails (sqlite.org/lang_transaction.html, 3.1);
 * the runtime's own rollback then fails with other words, which would hide why.
 */
function transaction<T>(storage: DurableObjectStorage, work: () => T, rolledBack: () => void): T {
  let cause: unknown;
  try {
    return storage.transactionSync(() => {
      try {
        return work();
      } catch (error) {
        cause = error;
        throw error;
      }
    });
  } catch (error) {
    rolledBack();
    throw cause ?? error;
  }
}

/** The runtime's own objects refuse to be called through a proxy. */
function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === "function" ? value.bind(target) : value;
}

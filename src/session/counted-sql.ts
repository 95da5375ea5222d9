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

/** The same storage, with every statement's written rows and every alarm counted. An alarm is billed as one row. `rolledBack`: called after a transaction that failed, before its caller gets the error. */
export function countedStorage(
  storage: DurableObjectStorage,
  counter: RowCounter,
  rolledBack: () => void = () => {},
): DurableObjectStorage {
  const sql = new Proxy(storage.sql, {
    get(target, name) {
      if (name !== "exec") return bound(target, name);
      return (query: string, ...bindings: unknown[]) => {
        const cursor = target.exec(query, ...bindings);
        // A statement that writes has done so when its cursor comes back.
        counter.add(cursor.rowsWritten);
        return cursor;
      };
    },
  });
  const transactionSync = <T>(work: () => T): T => {
    try {
      return storage.transactionSync(work);
    } catch (error) {
      rolledBack();
      throw error;
    }
  };
  return new Proxy(storage, {
    get(target, name) {
      if (name === "sql") return sql;
      if (name === "transactionSync") return transactionSync;
      if (name === "setAlarm" || name === "deleteAlarm") counter.add(1);
      return bound(target, name);
    },
  });
}

/** The runtime's own objects refuse to be called through a proxy. */
function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === "function" ? value.bind(target) : value;
}

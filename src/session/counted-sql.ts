/** Counts the rows that a session writes: they are what Durable Objects bill beside requests (developers.cloudflare.com/durable-objects/platform/pricing). */

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

/** The same storage, with every statement's written rows and every alarm counted. An alarm is billed as one row. */
export function countedStorage(storage: DurableObjectStorage, counter: RowCounter): DurableObjectStorage {
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
  return new Proxy(storage, {
    get(target, name) {
      if (name === "sql") return sql;
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

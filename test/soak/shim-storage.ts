/** A Durable Object's storage as Cloudflare's behaves and the local runtime does not: a commit takes its time, and values over 2 MB are refused. */
import { AsyncLocalStorage } from "node:async_hooks";

/** Longest string or blob of a row (developers.cloudflare.com/durable-objects/platform/limits). */
const longestValueBytes = 2_000_000;

/** Whose code is running: outgoing requests wait for that object's commits. */
export const current = new AsyncLocalStorage<Gate>();

/** Tells the harness how far an object has written, and resolves once the harness counts that as safe. */
export type Confirm = (object: string, n: number) => Promise<void>;

/** Counts an object's writes. The number stands in the object's own database, in the same commit as the write it counts. */
export class Gate {
  readonly #object: string;
  readonly #sql: SqlStorage;
  readonly #confirm: Confirm;
  #written = 0;
  #hasTable = false;
  #safe: Promise<void> = Promise.resolve();
  #asked = 0;

  constructor(object: string, sql: SqlStorage, confirm: Confirm) {
    this.#object = object;
    this.#sql = sql;
    this.#confirm = confirm;
  }

  /** To be called right before each write, in the same synchronous stretch. The mark has a fixed length, so that it can be found in a page's bytes. */
  mark(): void {
    if (!this.#hasTable) this.#sql.exec("CREATE TABLE IF NOT EXISTS _shim (id INTEGER PRIMARY KEY, mark TEXT)");
    this.#hasTable = true;
    // Never lower than before, whatever became of the database in between.
    this.#written = Math.max(this.#written + 1, Date.now());
    this.#sql.exec("INSERT OR REPLACE INTO _shim VALUES (1, ?)", `shim-n=${this.#written};`);
    // Asked once the commit is under way, and once for all writes of this stretch.
    queueMicrotask(() => this.#ask());
  }

  /** The database was emptied, `_shim` included. */
  emptied(): void {
    this.#hasTable = false;
    this.mark();
  }

  /** Resolves once everything written so far is safe. */
  confirmed(): Promise<void> {
    this.#ask();
    return this.#safe;
  }

  #ask(): void {
    if (this.#asked === this.#written) return;
    this.#asked = this.#written;
    const before = this.#safe;
    const asked = this.#confirm(this.#object, this.#written);
    this.#safe = before.then(() => asked);
    // Nobody may be waiting when the object is torn down.
    this.#safe.catch(() => {});
  }
}

/** `storage` with every write counted by `gate`. */
export function slowStorage(storage: DurableObjectStorage, gate: Gate): DurableObjectStorage {
  const marked = <T>(work: () => T): T => {
    gate.mark();
    return work();
  };
  const own: Record<string, unknown> = {
    sql: slowSql(storage.sql, gate),
    setAlarm: (at: number) => marked(() => storage.setAlarm(at)),
    deleteAlarm: () => marked(() => storage.deleteAlarm()),
    deleteAll: () => {
      const done = storage.deleteAll();
      gate.emptied();
      return done;
    },
    sync: async () => {
      await storage.sync();
      await gate.confirmed();
    },
  };
  return over(storage, own);
}

function slowSql(sql: SqlStorage, gate: Gate): SqlStorage {
  const exec = (query: string, ...bindings: unknown[]) => {
    const tooLong = bindings.some((value) => sizeOf(value) > longestValueBytes);
    if (tooLong) throw new Error("string or blob too big: SQLITE_TOOBIG");
    // The shim's own table is none of the product's.
    if (/^DROP TABLE "_shim"/.test(query)) return sql.exec("SELECT 1 WHERE 0");
    if (!/^\s*(select|explain|pragma)\b/i.test(query)) gate.mark();
    return sql.exec(query, ...(bindings as SqlStorageValue[]));
  };
  return over(sql, { exec });
}

function sizeOf(value: unknown): number {
  if (typeof value === "string")
    return value.length * 3 <= longestValueBytes ? 0 : new TextEncoder().encode(value).length;
  return value instanceof ArrayBuffer ? value.byteLength : 0;
}

/** `target` with some members replaced. */
export function over<T extends object>(target: T, own: Record<string, unknown>): T {
  return new Proxy(target, {
    get(from, name) {
      if (typeof name === "string" && Object.hasOwn(own, name)) return own[name];
      const value: unknown = Reflect.get(from, name, from);
      return typeof value === "function" ? value.bind(from) : value;
    },
  });
}

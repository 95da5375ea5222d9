/** What requests began with, kept once however many requests share it. */
import { fingerprint } from "../../core/digest.ts";
import type { HeadFacts } from "../../core/prefix.ts";
import type { RowCopy } from "./row-copy.ts";

export class Heads implements RowCopy {
  readonly #sql: SqlStorage;
  #newest: { id: string; facts: HeadFacts } | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps a head and returns its name. */
  put(facts: HeadFacts): string {
    const text = JSON.stringify(facts);
    const id = fingerprint(text);
    if (this.#newest?.id !== id) this.#sql.exec("INSERT OR IGNORE INTO heads (id, facts) VALUES (?, ?)", id, text);
    this.#newest = { id, facts };
    return id;
  }

  forget(): void {
    this.#newest = undefined;
  }

  /** `undefined` for one that was never kept here: the entries came from another session. */
  read(id: string): HeadFacts | undefined {
    if (this.#newest?.id === id) return this.#newest.facts;
    const [row] = this.#sql.exec<{ facts: string }>("SELECT facts FROM heads WHERE id = ?", id).toArray();
    return row === undefined ? undefined : (JSON.parse(row.facts) as HeadFacts);
  }
}

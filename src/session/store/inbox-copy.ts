/** The inbox as it is kept in memory: every message that waits, and those whose turns began last. Bounded, so long messages are left in their rows. Pure: knows no rows. */

/** Why a turn is to end before it is done. */
export type Stop = "cancelled" | "interrupted";

/** A message's row. */
export interface InboxRow {
  id: number;
  /** JSON of the message; absent when it is long. */
  text: string | undefined;
  joins: number | undefined;
  interrupts: boolean;
  firstSeq: number | undefined;
  stop: Stop | undefined;
  bodyHash: string | undefined;
  atMs: number;
}

/** A longer message is not kept in memory, in UTF-16 units of its JSON: 100 may wait. */
export const longestKept = 16_000;
/** Messages that are kept after their turns have begun. */
const mostBegun = 16;

export class InboxCopy {
  /** By id, oldest first. */
  readonly #waiting = new Map<number, InboxRow>();
  /** Those that were used last come last. */
  readonly #begun = new Map<number, InboxRow>();

  #lastId: number;

  /** `lastId`: the highest number that a message was given; 0 before the first. */
  constructor(lastId: number) {
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** All that wait to begin a turn or to join one, oldest first. */
  get waiting(): InboxRow[] {
    return [...this.#waiting.values()];
  }

  get(id: number): InboxRow | undefined {
    const begun = this.#begun.get(id);
    if (begun === undefined) return this.#waiting.get(id);
    this.#begun.delete(id);
    this.#begun.set(id, begun);
    return begun;
  }

  /** Keeps a row as it was read or written. Those that wait are given in the order of their ids. */
  set(row: InboxRow): void {
    this.#lastId = Math.max(this.#lastId, row.id);
    if (row.firstSeq === undefined) return void this.#waiting.set(row.id, row);
    this.#waiting.delete(row.id);
    this.#begun.delete(row.id);
    this.#begun.set(row.id, row);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > mostBegun && oldest !== undefined) this.#begun.delete(oldest);
  }
}

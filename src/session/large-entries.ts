/** Keeps the long entries that were read last, of all sessions of an instance together: a megabyte of tools is asked for several times in a turn, and parsing it takes 10 ms each time. Bounded. Pure: knows no rows. */
import type { Entry } from "../core/entry.ts";

/** Most UTF-16 units of their JSON. */
const mostKeptUnits = 8_400_000;

export interface LargeEntry {
  entry: Entry;
  units: number;
}

export class LargeEntries {
  readonly #most: number;
  /** By log and `seq`; those that were used last come last. Each belongs to one log, so that no session sees another's. */
  readonly #kept = new Map<string, LargeEntry>();
  readonly #names = new WeakMap<object, number>();
  #lastName = 0;
  #units = 0;

  constructor(mostUnits = mostKeptUnits) {
    this.#most = mostUnits;
  }

  /** No caller may change an entry that is read here. */
  get(log: object, seq: number): LargeEntry | undefined {
    const key = this.#key(log, seq);
    const known = this.#kept.get(key);
    if (known === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, known);
    return known;
  }

  add(log: object, large: LargeEntry): void {
    if (large.units > this.#most) return;
    this.#drop(this.#key(log, large.entry.seq));
    this.#kept.set(this.#key(log, large.entry.seq), large);
    this.#units += large.units;
    for (const key of this.#kept.keys()) {
      if (this.#units <= this.#most) return;
      this.#drop(key);
    }
  }

  /** The rows of the log may differ from what is kept. */
  forget(log: object): void {
    const begin = this.#key(log, "");
    for (const key of this.#kept.keys()) if (key.startsWith(begin)) this.#drop(key);
  }

  #drop(key: string): void {
    this.#units -= this.#kept.get(key)?.units ?? 0;
    this.#kept.delete(key);
  }

  #key(log: object, seq: number | ""): string {
    const name = this.#names.get(log) ?? ++this.#lastName;
    this.#names.set(log, name);
    return `${name}:${seq}`;
  }
}

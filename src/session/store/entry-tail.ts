/** The newest entries of a log, kept in memory so that what was just written need not be read again. Bounded. Pure: knows no rows. */
import type { Entry } from "../../core/entry.ts";

export interface LogRange {
  after: number;
  /** Most entries; all when absent. */
  limit?: number;
  /** Stops after the entry that makes it this long, in UTF-16 units of JSON; without it the caller knows that all of it is small. */
  maxUnits?: number;
  /** Ends before an entry that is stored in parts, unless that is in memory. */
  noParts?: boolean;
}

/** Most entries that are kept: a turn of some steps. */
const mostEntries = 64;
/** Most UTF-16 units of their JSON. A single entry of more is a large one, and kept elsewhere if at all. */
export const mostUnits = 128 * 1024;

/** Entries that follow each other; the last of them is the log's newest. No caller may change an entry that is read here. */
export class EntryTail {
  readonly #kept: { entry: Entry; units: number }[] = [];
  #units = 0;
  /** The newest entry that is not kept; every later one is. */
  #missingSeq: number;

  /** `lastSeq`: the log's newest entry, which is not kept yet. */
  constructor(lastSeq: number) {
    this.#missingSeq = lastSeq;
  }

  /** Adds the log's newest entry. `text`: its JSON. */
  add(seq: number, text: string): void {
    if (text.length > mostUnits) {
      this.#kept.length = 0;
      this.#units = 0;
      this.#missingSeq = seq;
      return;
    }
    // Read back from its JSON, so that it is the same as after a restart.
    this.#kept.push({ entry: JSON.parse(text) as Entry, units: text.length });
    this.#units += text.length;
    while (this.#kept.length > mostEntries || this.#units > mostUnits) {
      const oldest = this.#kept.shift();
      this.#units -= oldest?.units ?? 0;
      this.#missingSeq = oldest?.entry.seq ?? this.#missingSeq;
    }
  }

  /** As `TranscriptLog.read`; `undefined` when the range begins before what is kept. */
  read({
    after,
    limit = Number.POSITIVE_INFINITY,
    maxUnits = Number.POSITIVE_INFINITY,
  }: LogRange): Entry[] | undefined {
    if (after < this.#missingSeq) return undefined;
    const entries: Entry[] = [];
    let units = 0;
    for (let at = after - this.#missingSeq; entries.length < limit && units < maxUnits; at++) {
      const kept = this.#kept[at];
      if (kept === undefined) break;
      entries.push(kept.entry);
      units += kept.units;
    }
    return entries;
  }

  /** As `TranscriptLog.newest`; `undefined` when older entries may belong to it. */
  newest<T extends Entry["type"]>(type: T, limit: number): Extract<Entry, { type: T }>[] | undefined {
    const found: Extract<Entry, { type: T }>[] = [];
    for (let at = this.#kept.length - 1; at >= 0 && found.length < limit; at--) {
      const entry = this.#kept[at]?.entry;
      if (entry?.type === type) found.push(entry as Extract<Entry, { type: T }>);
    }
    return found.length === limit || this.#missingSeq === 0 ? found : undefined;
  }
}

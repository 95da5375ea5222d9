/** The transcript log without a database, for tests of agents and of the library. Held to the same contract suite as the real one. */
import type { Entry, NewEntry } from "../core/entry.ts";
import type { LogRange } from "../session/store/entry-tail.ts";
import type { TranscriptLog } from "../session/store/transcript-log.ts";

const beginningUnits = 6_000;

export class MemoryLog implements TranscriptLog {
  readonly #rows: string[];

  /** `rows` may be passed to a second log, as a database file is opened again. */
  constructor(rows: string[] = []) {
    this.#rows = rows;
  }

  /** Another log with the same entries, which goes its own way. */
  copy(): MemoryLog {
    return new MemoryLog([...this.#rows]);
  }

  get lastSeq(): number {
    return this.#rows.length;
  }

  get last(): Entry | undefined {
    return this.read({ after: this.#rows.length - 1 })[0];
  }

  append(entries: readonly NewEntry[]): Entry[] {
    return entries.map((entry) => {
      const placed: Entry = { ...entry, seq: this.#rows.length + 1 };
      this.#rows.push(JSON.stringify(placed));
      return placed;
    });
  }

  read(range: LogRange): Entry[] {
    return this.#read(range, Number.POSITIVE_INFINITY);
  }

  /** Nothing is in parts here. */
  async readLong(): Promise<boolean> {
    return true;
  }

  /** Whole entries, of which only the beginnings count. */
  readBeginnings(range: LogRange): Entry[] {
    return this.#read(range, beginningUnits);
  }

  /** `counted`: units of an entry that count at most. */
  #read(
    { after, limit = Number.POSITIVE_INFINITY, maxUnits = Number.POSITIVE_INFINITY }: LogRange,
    counted: number,
  ): Entry[] {
    const from = Math.max(after, 0);
    const rows = this.#rows.slice(from, from + limit);
    let units = 0;
    const end = rows.findIndex((row) => {
      units += Math.min(row.length, counted);
      return units >= maxUnits;
    });
    return (end < 0 ? rows : rows.slice(0, end + 1)).map((row) => JSON.parse(row) as Entry);
  }

  newest<T extends Entry["type"]>(type: T, limit: number): Extract<Entry, { type: T }>[] {
    const entries = this.read({ after: 0 }).filter((entry) => entry.type === type);
    return entries.toReversed().slice(0, limit) as Extract<Entry, { type: T }>[];
  }

  hasCall(callId: string): boolean {
    const entries = this.read({ after: 0 });
    return entries.some((entry) => (entry.type === "tool" || entry.type === "approval") && entry.callId === callId);
  }

  size(): { entries: number; bytes: number } {
    const bytes = this.#rows.reduce((sum, row) => sum + new TextEncoder().encode(row).length, 0);
    return { entries: this.#rows.length, bytes };
  }
}

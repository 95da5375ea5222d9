/** The transcript log without a database, for tests of what stands above it. Held to the same contract suite as the real one. */
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import type { TranscriptLog } from "../../src/session/transcript-log.ts";

export class MemoryLog implements TranscriptLog {
  readonly #rows: string[];

  /** `rows` may be handed to a second log, as a database file is opened again. */
  constructor(rows: string[] = []) {
    this.#rows = rows;
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

  read({ after, limit = Number.POSITIVE_INFINITY }: { after: number; limit?: number }): Entry[] {
    const from = Math.max(after, 0);
    return this.#rows.slice(from, from + limit).map((row) => JSON.parse(row) as Entry);
  }

  size(): { entries: number; bytes: number } {
    const bytes = this.#rows.reduce((sum, row) => sum + new TextEncoder().encode(row).length, 0);
    return { entries: this.#rows.length, bytes };
  }
}

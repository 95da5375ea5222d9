/** Reads the transcript for whoever tells it again: each entry once, when somebody first does. Decides nothing; `core/retold` does. */
import { type Comparison, Retold } from "../core/retold.ts";
import type { TranscriptLog } from "./transcript-log.ts";

/** Entries read in one go. */
const page = { limit: 64, maxUnits: 1_000_000 };

export class Retelling {
  readonly #log: TranscriptLog;
  readonly #retold = new Retold();
  #seq = 0;

  constructor(log: TranscriptLog) {
    this.#log = log;
  }

  /** As `Retold.compare`. */
  compare(told: readonly string[], how: { lacksAnswer: boolean }): Comparison {
    while (this.#seq < this.#log.lastSeq) {
      const entries = this.#log.read({ after: this.#seq, ...page });
      for (const entry of entries) this.#retold.take(entry);
      this.#seq = entries.at(-1)?.seq ?? this.#log.lastSeq;
    }
    return this.#retold.compare(told, how);
  }
}

/** Reads the transcript for whoever tells it again: each entry once, when somebody first does. Decides nothing; `core/retold` does. */
import { AppError } from "../../core/errors.ts";
import { type Comparison, Retold } from "../../core/retold.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";

/** Entries read in one go. */
const page = { limit: 64, maxUnits: 1_000_000 };
/** Pages that are read without a pause: about 10 ms. */
const pagesInOneGo = 4;

export class Retelling {
  readonly #log: TranscriptLog;
  readonly #isGone: () => boolean;
  readonly #retold = new Retold();
  #seq = 0;

  /** `isGone`: whether the session was erased meanwhile. */
  constructor(log: TranscriptLog, isGone: () => boolean) {
    this.#log = log;
    this.#isGone = isGone;
  }

  /** As `Retold.compare`. A long transcript is read page by page, and what else the session has to do comes between. */
  async compare(told: readonly string[], how: { lacksAnswer: boolean }): Promise<Comparison> {
    for (let pages = 1; this.#seq < this.#log.lastSeq; pages++) {
      const entries = this.#log.read({ after: this.#seq, ...page });
      for (const entry of entries) this.#retold.take(entry);
      this.#seq = entries.at(-1)?.seq ?? this.#log.lastSeq;
      if (pages % pagesInOneGo === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.#isGone()) throw new AppError("not_found", "There is no such session.");
    }
    return this.#retold.compare(told, how);
  }
}

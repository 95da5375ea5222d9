/** The transcript as clients keep copies of it: each entry is read once, when the first copy is compared with it. Decides nothing; `core/reconcile` does. */
import { AppError } from "../../core/errors.ts";
import { type Comparison, KnownHistory } from "../../core/reconcile.ts";
import { pace } from "../../http/pace.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";

/** Entries read in one go: about 5 ms. */
const page = { limit: 64, maxUnits: 200_000 };
const pageMs = 5;

/** A history as a client sends it, by the digests of its items. `results`: of its last calls, which may be known already. */
export interface SentHistory {
  before: readonly string[];
  results: readonly string[];
}

export class Reconciler {
  readonly #log: TranscriptLog;
  readonly #isGone: () => boolean;
  readonly #known = new KnownHistory();
  #seq = 0;

  /** `isGone`: whether the session was erased meanwhile. */
  constructor(log: TranscriptLog, isGone: () => boolean) {
    this.#log = log;
    this.#isGone = isGone;
  }

  /** Reads a long transcript page by page for a comparison with `history`; other work is done between the pages. */
  async readAhead(history: Pick<SentHistory, "before">): Promise<void> {
    if (history.before.length === 0) return;
    while (this.#readPage() && this.#seq < this.#log.lastSeq) {
      await pace(pageMs);
      if (this.#isGone()) throw new AppError("not_found", "There is no such session.");
    }
  }

  /** Whether the transcript ends with this history. Results that come a second time may have been answered by then. */
  compare({ before, results }: SentHistory): Comparison {
    if (before.length === 0) return { same: true };
    while (this.#readPage());
    const compared = this.#known.compare(before);
    if (compared.same || results.length === 0) return compared;
    const answered = this.#known.compare([...before, ...results], { lacksAnswer: true });
    return answered.same ? answered : compared;
  }

  /** False when everything was read. Several requests may read at the same time: each page begins where the last one of any of them ended. */
  #readPage(): boolean {
    if (this.#seq >= this.#log.lastSeq) return false;
    const entries = this.#log.read({ after: this.#seq, ...page });
    for (const entry of entries) this.#known.take(entry);
    this.#seq = entries.at(-1)?.seq ?? this.#log.lastSeq;
    return true;
  }
}

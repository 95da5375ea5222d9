/** The transcript as clients keep copies of it: each entry is read once, when the first copy is compared with it. Decides nothing; `core/reconcile` does. */
import type { HistoryFeature, HistoryLog, SentHistory, SessionHistory } from "../../agent/history-feature.ts";
import { AppError } from "../../core/errors.ts";
import { type Comparison, KnownHistory } from "../../core/reconcile.ts";
import { type Pause, pausing } from "../../http/pace.ts";
import { readParts } from "../store/long-entry.ts";

/** Entries read in one go: about 5 ms. */
const page = { limit: 64, maxUnits: 200_000 };
const pageMs = 5;

/** Of the doors whose clients keep copies. */
export const clientHistory: HistoryFeature = { session: (log, isGone) => new Reconciler(log, isGone), readParts };

/** Throws `not_configured` in an app without a door whose clients keep copies. */
export function historyOf({ history }: { history?: SessionHistory | undefined }): SessionHistory {
  if (history === undefined)
    throw new AppError("not_configured", "No door of this app takes histories. Add openai() or aiSdk() to its doors.");
  return history;
}

/** The transcript compared with a history without results, by the digests of its items. */
export async function comparedWith(session: Parameters<typeof historyOf>[0], before: string[]): Promise<Comparison> {
  const history = historyOf(session);
  await history.readAhead({ before });
  return history.compare({ before, results: [] });
}

class Reconciler implements SessionHistory {
  readonly #log: HistoryLog;
  readonly #pause: Pause;
  readonly #known = new KnownHistory();
  #seq = 0;

  /** `isGone`: whether the session was erased meanwhile. */
  constructor(log: HistoryLog, isGone: () => boolean) {
    this.#log = log;
    this.#pause = pausing(isGone);
  }

  async readAhead(history: Pick<SentHistory, "before">): Promise<void> {
    if (history.before.length === 0) return;
    while (this.#seq < this.#log.lastSeq) {
      const isLong = !this.#readPage({ noParts: true });
      if (isLong && (await this.#log.readLong(this.#seq + 1, this.#pause))) this.#readPage();
      if (this.#seq < this.#log.lastSeq && !(await this.#pause(pageMs)))
        throw new AppError("not_found", "There is no such session.");
    }
  }

  compare({ before, results }: SentHistory): Comparison {
    if (before.length === 0) return { same: true };
    while (this.#readPage());
    const compared = this.#known.compare(before);
    if (compared.same || results.length === 0) return compared;
    const answered = this.#known.compare([...before, ...results], { lacksAnswer: true });
    return answered.same ? answered : compared;
  }

  /** False when everything was read, or, with `noParts`, an entry in parts comes next. Several requests may read at the same time: each page begins where the last one of any of them ended. */
  #readPage({ noParts = false } = {}): boolean {
    if (this.#seq >= this.#log.lastSeq) return false;
    const entries = this.#log.read({ after: this.#seq, ...page, noParts });
    if (noParts && entries.length === 0) return false;
    for (const entry of entries) this.#known.take(entry);
    this.#seq = entries.at(-1)?.seq ?? this.#log.lastSeq;
    return true;
  }
}

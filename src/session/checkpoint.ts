/** The one row that outlives a crash in mid-answer: which entry was being written, the how-manieth try it was, and what had been said. */
import type { Draft, Said, StepTry } from "../core/assemble.ts";

/** A reply in the making, as it was saved last. */
export type SavedDraft = Pick<StepTry, "turn" | "step" | "attempt" | "model"> & Said;

/** A longer draft is not saved any more: the row would not fit. Text and reasoning together, in UTF-16 units. */
const longestDraft = 600_000;
/** How long a reply must run before it is saved, and between two saves: it is one more row each time. */
const saveEveryMs = 1_000;

type Row = { attempt: number; barren: number; since: number; draft: string | null };

export class Checkpoint {
  readonly #sql: SqlStorage;
  #savedMs = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Tries of entry `seq` that crashes cut off before they brought anything, and when the first of them began. */
  barren(seq: number): { tries: number; sinceMs: number } {
    const row = this.#row(seq);
    return { tries: row?.barren ?? 0, sinceMs: row?.since ?? 0 };
  }

  /** What an earlier try of entry `seq` had said when it was saved last. */
  saved(seq: number): SavedDraft | undefined {
    const draft = this.#row(seq)?.draft ?? null;
    return draft === null ? undefined : (JSON.parse(draft) as SavedDraft);
  }

  /**
   * Records that entry `seq` is begun, once more or for the first time; returns the number of the try, from 1. Until
   * something of it is saved the try counts as barren, unless it is `again`: the try before ended by itself.
   */
  begin(seq: number, { atMs, again }: { atMs: number; again: boolean }): number {
    this.#savedMs = atMs;
    const row = this.#row(seq);
    const attempt = (row?.attempt ?? 0) + 1;
    const barren = again ? 1 : (row?.barren ?? 0) + 1;
    const since = again || row === undefined || row.barren === 0 ? atMs : row.since;
    this.#sql.exec(
      `INSERT INTO checkpoint VALUES (1, ?1, ?2, ?3, ?4, NULL)
       ON CONFLICT (id) DO UPDATE SET seq = ?1, attempt = ?2, barren = ?3, since = ?4, draft = NULL`,
      seq,
      attempt,
      barren,
      since,
    );
    return attempt;
  }

  /** Goes on with the try that is there: the number stays. */
  attempt(seq: number): number {
    return this.#row(seq)?.attempt ?? 1;
  }

  /** The number that the next try of entry `seq` will have. */
  nextAttempt(seq: number): number {
    return (this.#row(seq)?.attempt ?? 0) + 1;
  }

  /**
   * Something else was recorded as entry `seq`, so the reply that was begun there gets the next place. Its tries go on
   * counting: readers know them by their numbers. What was saved is dropped, since the model is now asked something else.
   */
  makeRoom(seq: number): void {
    this.#sql.exec("UPDATE checkpoint SET seq = seq + 1, barren = 0, draft = NULL WHERE seq = ?", seq);
  }

  /** Keeps what was said, at most once a second: less is lost by asking again than by writing more often. A reply with calls cannot be gone on with. */
  save(draft: Draft, atMs: number): void {
    if (atMs - this.#savedMs < saveEveryMs || draft.hasCalls) return;
    if (draft.reasoning.length + draft.text.length > longestDraft) return;
    this.#savedMs = atMs;
    const { seq, turn, step, attempt, model } = draft.of;
    const saved: SavedDraft = { turn, step, attempt, model, ...draft.said };
    this.#sql.exec("UPDATE checkpoint SET draft = ?, barren = 0 WHERE seq = ?", JSON.stringify(saved), seq);
  }

  #row(seq: number): Row | undefined {
    const query = "SELECT attempt, barren, since, draft FROM checkpoint WHERE seq = ?";
    return this.#sql.exec<Row>(query, seq).toArray()[0];
  }
}

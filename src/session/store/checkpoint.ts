/** The one row that outlives a crash in mid-answer: which entry was being written, the number of its try, and its text so far. */
import type { Draft, PartialReply, StepTry } from "../../core/assemble.ts";
import type { Spent } from "../../core/effects.ts";
import type { FailedTry } from "../../core/entry.ts";
import type { RowCopy } from "./row-copy.ts";

/** What tries cost that are over and have no entry yet, and those of them that a crash cut off. */
export type SpentTries = Spent & { tries: FailedTry[] };

/** A reply in the making, as it was saved last. */
export type SavedDraft = Pick<StepTry, "turn" | "step" | "attempt" | "model"> &
  PartialReply & {
    /** Characters of it that an earlier call brought, and that are paid for in `spent`. */
    begun?: { reasoning: number; text: number };
    spent?: SpentTries;
    /** No try of this entry was begun yet: only what earlier ones cost is kept here. */
    isUnbegun?: true;
  };

/** A longer draft is not saved any more: the row would not fit. Text and reasoning together, in UTF-16 units. */
const longestDraft = 600_000;
/** How long a reply must run before it is saved, and between two saves: it is one more row each time. */
const saveEveryMs = 1_000;

/** The row without its draft, which may be long, and is read only after a crash or for another try. */
type CheckpointRow = { seq: number; attempt: number; barren: number; since: number; hasDraft: boolean };

export class Checkpoint implements RowCopy {
  readonly #sql: SqlStorage;
  /** Null where there is no row yet, `undefined` until it was read. */
  #copy: CheckpointRow | null | undefined;
  #savedMs = 0;
  #spent: SpentTries | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  startEmpty(): void {
    this.#copy = null;
  }

  forget(): void {
    this.#copy = undefined;
  }

  /** Tries of entry `seq` that crashes cut off before they brought anything, and when the first of them began. */
  barren(seq: number): { tries: number; sinceMs: number } {
    const row = this.#row(seq);
    return { tries: row?.barren ?? 0, sinceMs: row?.since ?? 0 };
  }

  /** Whether a call for entry `seq` was begun. A row that only made room for another entry has no try of its own yet. */
  hasBegun(seq: number): boolean {
    const row = this.#row(seq);
    return row !== undefined && (row.barren > 0 || (row.hasDraft && this.saved(seq)?.isUnbegun !== true));
  }

  /** The output of an earlier try of entry `seq` when it was saved last. */
  saved(seq: number): SavedDraft | undefined {
    if (!this.#row(seq)?.hasDraft) return undefined;
    const [row] = this.#sql.exec<{ draft: string | null }>("SELECT draft FROM checkpoint WHERE seq = ?", seq).toArray();
    const draft = row?.draft ?? null;
    return draft === null ? undefined : (JSON.parse(draft) as SavedDraft);
  }

  /**
   * Records that entry `seq` is begun, once more or for the first time; returns the number of the try, from 1. Until
   * something of it is saved the try counts as barren, unless it is `again`: the try before ended by itself. `carried`:
   * what the tries before it cost, in a draft without text.
   */
  begin(seq: number, { atMs, again }: { atMs: number; again: boolean }, carried?: Omit<SavedDraft, "attempt">): number {
    this.#savedMs = atMs;
    this.#spent = carried?.spent;
    const row = this.#row(seq);
    const attempt = (row?.attempt ?? 0) + 1;
    const barren = again ? 1 : (row?.barren ?? 0) + 1;
    const since = again || row === undefined || row.barren === 0 ? atMs : row.since;
    this.#sql.exec(
      `INSERT INTO checkpoint (id, seq, attempt, barren, since, draft) VALUES (1, ?1, ?2, ?3, ?4, ?5)
       ON CONFLICT (id) DO UPDATE SET seq = ?1, attempt = ?2, barren = ?3, since = ?4, draft = ?5`,
      seq,
      attempt,
      barren,
      since,
      carried === undefined ? null : JSON.stringify({ ...carried, attempt }),
    );
    this.#copy = { seq, attempt, barren, since, hasDraft: carried !== undefined };
    return attempt;
  }

  /** The same try goes on in another call: what the call before cost is kept. */
  carry(seq: number, carried: SavedDraft): void {
    this.#spent = carried.spent;
    this.#write(seq, carried);
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
    const row = this.#row(seq);
    if (row === undefined) return;
    this.#sql.exec("UPDATE checkpoint SET seq = seq + 1, barren = 0, draft = NULL WHERE seq = ?", seq);
    this.#copy = { ...row, seq: seq + 1, barren: 0, hasDraft: false };
  }

  /** Keeps the output, at most once a second: less is lost by asking again than by writing more often. A reply with calls cannot be gone on with. */
  save(draft: Draft, atMs: number): void {
    if (atMs - this.#savedMs < saveEveryMs || draft.hasCalls) return;
    if (draft.reasoning.length + draft.text.length > longestDraft) return;
    this.#savedMs = atMs;
    const { seq, turn, step, attempt, model } = draft.of;
    const { begun } = draft;
    const paid = { ...(begun.reasoning + begun.text > 0 && { begun }), ...(this.#spent && { spent: this.#spent }) };
    const saved: SavedDraft = { turn, step, attempt, model, ...draft.soFar, ...paid };
    const row = this.#row(seq);
    if (row === undefined) return;
    this.#sql.exec("UPDATE checkpoint SET draft = ?, barren = 0 WHERE seq = ?", JSON.stringify(saved), seq);
    this.#copy = { ...row, barren: 0, hasDraft: true };
  }

  /** Keeps what tries cost that were dropped with `makeRoom`, until the next one begins. */
  keepSpent(seq: number, place: Pick<SavedDraft, "turn" | "step" | "model">, spent: SpentTries): void {
    const saved = { ...place, attempt: this.attempt(seq), reasoning: "", text: "", spent, isUnbegun: true } as const;
    this.#write(seq, saved);
  }

  #write(seq: number, draft: SavedDraft): void {
    const row = this.#row(seq);
    if (row === undefined) return;
    this.#sql.exec("UPDATE checkpoint SET draft = ? WHERE seq = ?", JSON.stringify(draft), seq);
    this.#copy = { ...row, hasDraft: true };
  }

  #row(seq: number): CheckpointRow | undefined {
    if (this.#copy === undefined) this.#copy = this.#readCopy();
    return this.#copy?.seq === seq ? this.#copy : undefined;
  }

  #readCopy(): CheckpointRow | null {
    const query = "SELECT seq, attempt, barren, since, draft IS NOT NULL AS has_draft FROM checkpoint";
    const [row] = this.#sql.exec<Omit<CheckpointRow, "hasDraft"> & { has_draft: number }>(query).toArray();
    if (row === undefined) return null;
    const { has_draft, ...rest } = row;
    return { ...rest, hasDraft: has_draft === 1 };
  }
}

/** What people think of answers: one row for each turn, the newest in place of the one before. Never shown to a model. Rows of their own, and not entries: a turn is rated after its end, and again, and code of an earlier version reads no unknown entries. */
import type { Entry } from "../../core/entry.ts";
import type { RowCopy } from "./row-copy.ts";

export interface Feedback {
  /** -1 to 1. */
  score: number;
  label?: string;
  comment?: string;
  /** Who gave it, where that is known. */
  by?: string;
  /** Ms since 1970. */
  atMs: number;
}

/** A turn's feedback, as an export has it. */
export interface RatedTurn extends Feedback {
  turn: string;
}

type GivenRow = { score: number; label: string | null; comment: string | null; given_by: string | null; at: number };

export class FeedbackStore implements RowCopy {
  readonly #sql: SqlStorage;
  /** Most sessions have none; `undefined` until it was looked for. */
  #isEmpty: boolean | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  startEmpty(): void {
    this.#isEmpty = true;
  }

  forget(): void {
    this.#isEmpty = undefined;
  }

  put(turn: string, { score, label, comment, by, atMs }: Feedback): void {
    this.#sql.exec(
      `INSERT INTO feedback (turn, score, label, comment, given_by, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (turn) DO UPDATE
       SET score = excluded.score, label = excluded.label, comment = excluded.comment, given_by = excluded.given_by,
         at = excluded.at, reported_at = NULL`,
      turn,
      score,
      label ?? null,
      comment ?? null,
      by ?? null,
      atMs,
    );
    this.#isEmpty = false;
  }

  /** What the account does not know yet. */
  unreported(): { turn: string; score: number; atMs: number }[] {
    if (this.#hasNone) return [];
    const query = "SELECT turn, score, at AS atMs FROM feedback WHERE reported_at IS NULL";
    return this.#sql.exec<{ turn: string; score: number; atMs: number }>(query).toArray();
  }

  /** The account knows what was given at that time. */
  reported(turn: string, atMs: number): void {
    this.#sql.exec("UPDATE feedback SET reported_at = ?1 WHERE turn = ?2 AND at = ?1", atMs, turn);
  }

  get #hasNone(): boolean {
    this.#isEmpty ??= this.#sql.exec("SELECT 1 FROM feedback LIMIT 1").toArray().length === 0;
    return this.#isEmpty;
  }

  /** Of the turns whose last entry is among these. `lastSeq`: of the log. */
  among(entries: readonly Entry[], lastSeq: number): { afterSeq: number; rated: RatedTurn }[] {
    if (this.#hasNone) return [];
    const last = entries.filter(({ type, seq }) => type === "turn_ended" || seq === lastSeq);
    return last.flatMap(({ turn, seq }) => {
      const given = this.of(turn);
      return given === undefined ? [] : [{ afterSeq: seq, rated: { turn, ...given } }];
    });
  }

  of(turn: string): Feedback | undefined {
    if (this.#hasNone) return undefined;
    const query = "SELECT score, label, comment, given_by, at FROM feedback WHERE turn = ?";
    const [row] = this.#sql.exec<GivenRow>(query, turn).toArray();
    if (row === undefined) return undefined;
    const { score, label, comment, given_by, at } = row;
    return {
      score,
      ...(label !== null && { label }),
      ...(comment !== null && { comment }),
      ...(given_by !== null && { by: given_by }),
      atMs: at,
    };
  }
}

/** What people think of answers: one row for each turn, the newest in place of the one before. Never shown to a model. */

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

type Row = { score: number; label: string | null; comment: string | null; given_by: string | null; at: number };

export class FeedbackStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(turn: string, { score, label, comment, by, atMs }: Feedback): void {
    this.#sql.exec(
      `INSERT INTO feedback (turn, score, label, comment, given_by, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (turn) DO UPDATE
       SET score = excluded.score, label = excluded.label, comment = excluded.comment, given_by = excluded.given_by,
         at = excluded.at`,
      turn,
      score,
      label ?? null,
      comment ?? null,
      by ?? null,
      atMs,
    );
  }

  of(turn: string): Feedback | undefined {
    const query = "SELECT score, label, comment, given_by, at FROM feedback WHERE turn = ?";
    const [row] = this.#sql.exec<Row>(query, turn).toArray();
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

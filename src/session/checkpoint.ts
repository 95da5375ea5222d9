/** The one row that outlives a crash in mid-answer: which entry was being written, and the how-manieth try it was. */
export class Checkpoint {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** How often entry `seq` was begun. */
  attempts(seq: number): number {
    const rows = this.#sql.exec<{ attempt: number }>("SELECT attempt FROM checkpoint WHERE seq = ?", seq).toArray();
    return rows[0]?.attempt ?? 0;
  }

  /** Records that entry `seq` is begun, once more or for the first time; returns the number of the try, from 1. */
  begin(seq: number): number {
    const attempt = this.attempts(seq) + 1;
    this.#sql.exec(
      "INSERT INTO checkpoint VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, attempt = excluded.attempt",
      seq,
      attempt,
    );
    return attempt;
  }
}

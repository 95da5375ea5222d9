/** The calls that were about to change something in the world: written before each is run, so that after a crash it is known which of them were perhaps run. Never deleted: what was done stays done. */
export class Intents {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** `seq`: of the reply that asked for the call. */
  record(seq: number, callId: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO intents VALUES (?, ?)", seq, callId);
  }

  /** Ids of the reply's calls that were begun. */
  of(seq: number): Set<string> {
    const rows = this.#sql.exec<{ id: string }>("SELECT call_id AS id FROM intents WHERE seq = ?", seq).toArray();
    return new Set(rows.map(({ id }) => id));
  }
}

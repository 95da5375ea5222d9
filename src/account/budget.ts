/** Money that cannot be overspent: what a model call may cost at the worst is set aside before it, and what it did cost takes its place. All in micro-dollars. */
import type { Ledger, StepRecord } from "./ledger.ts";

export class Budget {
  readonly #sql: SqlStorage;
  readonly #ledger: Ledger;

  constructor(sql: SqlStorage, ledger: Ledger) {
    this.#sql = sql;
    this.#ledger = ledger;
  }

  /**
   * Sets `micros` aside for a call of step `seq`, beside what is set aside for earlier calls of it. False, and nothing set
   * aside, when spent and set aside together would pass `budgetMicros`.
   */
  reserve(call: { session: string; seq: number; micros: number }, budgetMicros: number): boolean {
    if (this.#ledger.spentMicros + this.reservedMicros + call.micros > budgetMicros) return false;
    this.#sql.exec(
      "INSERT INTO reservations (session, seq, micros) VALUES (?, ?, ?) ON CONFLICT (session, seq) DO UPDATE SET micros = micros + excluded.micros",
      call.session,
      call.seq,
      call.micros,
    );
    return true;
  }

  /** Of what is set aside for a step only this is needed. */
  free(session: string, seq: number, costMicros: number): void {
    this.#sql.exec(
      "UPDATE reservations SET micros = min(micros, ?) WHERE session = ? AND seq = ?",
      costMicros,
      session,
      seq,
    );
  }

  /** Records what the steps did cost; what was set aside for them is free again. */
  settle(session: string, steps: readonly StepRecord[]): void {
    this.#ledger.record(session, steps);
    for (const { seq } of steps) {
      this.#sql.exec("DELETE FROM reservations WHERE session = ? AND seq = ?", session, seq);
    }
  }

  /** Nothing more will come of this session. */
  release(session: string): void {
    this.#sql.exec("DELETE FROM reservations WHERE session = ?", session);
  }

  get reservedMicros(): number {
    return this.#sql.exec<{ sum: number }>("SELECT coalesce(sum(micros), 0) AS sum FROM reservations").one().sum;
  }
}

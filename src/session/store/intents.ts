/** The calls that were about to change something in the world: written before each is run, so that after a crash it is known which of them were perhaps run, and how often. A call that changes nothing is written from its second run on. Never deleted: what was done stays done. */
import type { Effect } from "../../core/next-step.ts";
import type { RowCopy } from "./row-copy.ts";

/** A call that is about to be run. `seq`: of the reply that asked for it. `readySeq`: of the entry that made it ready, the reply or an approval. */
export interface BegunCall {
  seq: number;
  readySeq: number;
  callId: string;
  effect: Effect;
}

export class Intents implements RowCopy {
  readonly #sql: SqlStorage;
  /** The newest reply that has rows, 0 for none, and those of the reply that was looked at last; `undefined` until they were read. */
  #copy: { newestSeq: number; seq: number; runs: Map<string, number> } | undefined;
  readonly #startSeq: number;
  /** The calls that this instance has begun, by reply and id. */
  readonly #begun = new Set<string>();

  /** `startSeq`: the newest entry when this instance began. A call that was ready by then was perhaps run by another one. */
  constructor(sql: SqlStorage, startSeq: number) {
    this.#sql = sql;
    this.#startSeq = startSeq;
  }

  startEmpty(): void {
    this.#copy = { newestSeq: 0, seq: 0, runs: new Map() };
  }

  forget(): void {
    this.#copy = undefined;
  }

  /** Records that a call is about to be run; false when nothing had to be written for it. */
  begin({ seq, readySeq, callId, effect }: BegunCall): boolean {
    const key = `${seq} ${callId}`;
    const isAgain = this.#begun.has(key) || readySeq <= this.#startSeq;
    const isRecorded = effect !== "none" || isAgain;
    // What changes nothing has no row of its first run.
    if (isRecorded) this.record(seq, callId, effect === "none" ? 2 : 1);
    this.#begun.add(key);
    return isRecorded;
  }

  /** The call is run once more. `seq`: of the reply that asked for it. `first`: how many runs there are with this one when none was recorded. */
  record(seq: number, callId: string, first = 1): void {
    const query = `INSERT INTO intents (seq, call_id, runs) VALUES (?, ?, ?)
      ON CONFLICT (seq, call_id) DO UPDATE SET runs = runs + 1`;
    const copy = this.#read(seq);
    this.#sql.exec(query, seq, callId, first);
    const before = copy.runs.get(callId);
    copy.runs.set(callId, before === undefined ? first : before + 1);
    copy.newestSeq = Math.max(copy.newestSeq, seq);
  }

  /** The call got further: it is not what crashes the instance. */
  progressed(seq: number, callId: string): void {
    const { runs } = this.#read(seq);
    if ((runs.get(callId) ?? 0) === 0) return;
    this.#sql.exec("UPDATE intents SET runs = 0 WHERE seq = ? AND call_id = ?", seq, callId);
    runs.set(callId, 0);
  }

  /** How often each of the reply's calls was begun, by its id; only those of which it was recorded. */
  of(seq: number): Map<string, number> {
    return new Map(this.#read(seq).runs);
  }

  #read(seq: number) {
    const newestSeq = this.#copy?.newestSeq ?? this.#newestSeq();
    if (this.#copy?.seq !== seq) {
      this.#copy = { newestSeq, seq, runs: seq > newestSeq ? new Map() : this.#runs(seq) };
    }
    return this.#copy;
  }

  #newestSeq(): number {
    return this.#sql.exec<{ seq: number | null }>("SELECT max(seq) AS seq FROM intents").one().seq ?? 0;
  }

  #runs(seq: number): Map<string, number> {
    const query = "SELECT call_id AS id, runs FROM intents WHERE seq = ? ORDER BY call_id";
    const rows = this.#sql.exec<{ id: string; runs: number }>(query, seq).toArray();
    return new Map(rows.map(({ id, runs }) => [id, runs]));
  }
}

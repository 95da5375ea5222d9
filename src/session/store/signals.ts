/** Signals that came for the steps of calls: those with a key, so that each counts once, and those that came before their step waits, until it does. */

export interface KeptSignal {
  /** The sender's Idempotency-Key, or a name of our own. */
  key: string;
  name: string;
  /** Of what was sent. */
  digest: string;
  /** The turn that was open. */
  turn: string;
  /** The call that it is for, where the sender named one. */
  callId?: string;
  /** JSON; absent where nothing was sent. */
  value?: string;
  /** What the sender was answered, as JSON. */
  answer: string;
  atMs: number;
}

type SignalRow = {
  key: string;
  name: string;
  digest: string;
  turn: string;
  call_id: string | null;
  value: string | null;
  answer: string;
  at: number;
};

const columns = "key, name, digest, turn, call_id, value, answer, at";

export class Signals {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  byKey(key: string): KeptSignal | undefined {
    const [row] = this.#sql.exec<SignalRow>(`SELECT ${columns} FROM signals WHERE key = ?`, key).toArray();
    return row && signalOf(row);
  }

  /** `isTaken`: a step has its value already. */
  add(signal: KeptSignal, { isTaken }: { isTaken: boolean }): void {
    const { key, name, digest, turn, callId = null, value = null, answer, atMs } = signal;
    const query = `INSERT INTO signals (${columns}, taken) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#sql.exec(query, key, name, digest, turn, callId, value, answer, atMs, isTaken ? 1 : 0);
  }

  /** Those that no step of this turn has taken yet, the oldest first. */
  kept(turn: string): KeptSignal[] {
    const query = `SELECT ${columns} FROM signals WHERE taken = 0 AND turn = ? ORDER BY at, rowid`;
    return this.#sql.exec<SignalRow>(query, turn).toArray().map(signalOf);
  }

  take(key: string): void {
    this.#sql.exec("UPDATE signals SET taken = 1, value = NULL WHERE key = ?", key);
  }
}

function signalOf({ call_id, value, at: atMs, ...row }: SignalRow): KeptSignal {
  return { ...row, ...(call_id !== null && { callId: call_id }), ...(value !== null && { value }), atMs };
}

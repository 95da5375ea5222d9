/** The calls of a session that were handed to other agents: one row for each, kept as long as the session, so that a call is opened once and its child is stopped, and erased, whatever happens. Calls no one. */
import type { ChildAsk, ChildUse } from "../agent/delegation-feature.ts";
import type { ResponseFormat } from "../core/entry.ts";
import { noUse, plusUse } from "./child-use.ts";

/**
 * `opening`: the child is to be sent its task. `open`: it works. `stopping`: it is to be stopped, since no one waits for it
 * any more; `stopped`: it was asked to. `ended`: it reported its end, or was never begun.
 */
export type ChildState = "opening" | "open" | "stopping" | "stopped" | "ended";

/** An answer of a person that is to be passed on. */
export interface OwedAnswer {
  ref: string;
  approve: boolean;
  reason?: string;
  by?: string;
}

export interface ChildRow {
  /** Of the reply that made the call. */
  seq: number;
  callId: string;
  turn: string;
  /** The child's name. */
  session: string;
  state: ChildState;
  /** When something is to be done, in ms since 1970; null: nothing is. */
  nextAtMs: number | null;
  data: ChildData;
}

export interface ChildData {
  /** The tool's name. */
  name: string;
  agent: string;
  step: number;
  sinceMs: number;
  untilMs: number;
  content: string;
  responseFormat?: ResponseFormat;
  traceparent?: string;
  budgetMicros?: number;
  /** It spends from a share, its own or one above it. */
  hasShare: boolean;
  /** Its own turn, once it is known. */
  turn?: string;
  asks: ChildAsk[];
  answers: OwedAnswer[];
  /** What the tool gets, where a hook of the agent will ask. */
  input?: unknown;
  /** What the child used is in the session's sums. Equal calls of a reply have one child, which is paid once. */
  isCounted?: true;
  /** What was used at this call that no result has: it came when no one waited any more. All of it so far. */
  late?: ChildUse;
  /** What of it the child reported after its own end. */
  lateOfChild?: ChildUse;
  /** It was stopped before its task had arrived. */
  neverBegan?: true;
  /** The session's own parent is to be sent this. */
  owesLate?: true;
  /** Tries of what is owed that failed in a row. */
  attempts: number;
}

type StoredChild = {
  seq: number;
  call_id: string;
  turn: string;
  session: string;
  state: ChildState;
  next_at: number | null;
  data: string;
};

const columns = "seq, call_id, turn, session, state, next_at, data";

export class ChildRows {
  readonly #sql: SqlStorage;
  /** Those that have not ended, or owe something. */
  #copy: Map<string, ChildRow> | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  forget(): void {
    this.#copy = undefined;
  }

  /** Those of which something is still to come or to be done. */
  get live(): ChildRow[] {
    return [...this.#read.values()];
  }

  get(seq: number, callId: string): ChildRow | undefined {
    const live = this.#read.get(keyOf(seq, callId));
    if (live !== undefined) return live;
    return this.#select("WHERE seq = ? AND call_id = ?", seq, callId)[0];
  }

  ofTurn(turn: string): ChildRow[] {
    return this.#select("WHERE turn = ? ORDER BY seq, call_id", turn);
  }

  ofSession(session: string): ChildRow[] {
    return this.#select("WHERE session = ? ORDER BY seq, call_id", session);
  }

  /** Names of all children that there ever were, but for those that were erased. */
  sessions(): string[] {
    const rows = this.#sql.exec<{ session: string }>("SELECT DISTINCT session FROM children").toArray();
    return rows.map(({ session }) => session);
  }

  put(row: ChildRow): void {
    const { seq, callId, turn, session, state, nextAtMs, data } = row;
    this.#sql.exec(
      `INSERT INTO children (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (seq, call_id) DO UPDATE SET
       state = excluded.state, next_at = excluded.next_at, data = excluded.data`,
      ...[seq, callId, turn, session, state, nextAtMs, JSON.stringify(data)],
    );
    if (isLive(row)) this.#read.set(keyOf(seq, callId), row);
    else this.#read.delete(keyOf(seq, callId));
  }

  /** Forgets a child that was erased, but for what it used that is still to be reported. */
  remove(session: string): void {
    this.#sql.exec("DELETE FROM children WHERE session = ? AND json_extract(data, '$.late') IS NULL", session);
    this.#copy = undefined;
  }

  /** Of the calls of one turn. */
  late(turn: string): ChildUse {
    return this.ofTurn(turn).reduce((sum, { data }) => (data.late ? plusUse(sum, data.late) : sum), noUse);
  }

  get #read(): Map<string, ChildRow> {
    if (this.#copy === undefined) {
      const rows = this.#select("WHERE state <> 'ended' OR next_at IS NOT NULL ORDER BY seq, call_id");
      this.#copy = new Map(rows.map((row) => [keyOf(row.seq, row.callId), row]));
    }
    return this.#copy;
  }

  #select(where: string, ...values: (string | number)[]): ChildRow[] {
    const rows = this.#sql.exec<StoredChild>(`SELECT ${columns} FROM children ${where}`, ...values).toArray();
    return rows.map(({ call_id: callId, next_at: nextAtMs, data, ...row }) => {
      return { ...row, callId, nextAtMs, data: JSON.parse(data) as ChildData };
    });
  }
}

/** Whether the call still waits for the child's result. */
export function isAtWork({ state }: ChildRow): boolean {
  return state === "opening" || state === "open";
}

/** Whether the child's end is still to be recorded: also where it was taken to have never begun, since its task may have arrived after the stop. */
export function isOpen({ state, data }: ChildRow): boolean {
  return state !== "ended" || (data.neverBegan === true && data.isCounted !== true);
}

function isLive({ state, nextAtMs }: ChildRow): boolean {
  return state !== "ended" || nextAtMs !== null;
}

function keyOf(seq: number, callId: string): string {
  return `${seq} ${callId}`;
}

/** Reads the durable steps of calls: one row for each that was begun, waits, or is over. Every app reads them; `step-writer.ts` writes them. Rows of calls that have their result are kept, like intents: a signal that comes late is answered by them. */
import { defined } from "../../core/defined.ts";
import type { SteppedCall, SteppedCalls, StepWait } from "../../core/tool-steps.ts";
import type { StepCall, StepRow, StepRows } from "../../tools/steps/feature.ts";
import type { StepOutcome } from "../../tools/steps/step.ts";
import type { RowCopy } from "./row-copy.ts";

interface SqlRow extends Record<string, SqlStorageValue> {
  seq: number;
  call_id: string;
  name: string;
  turn: string;
  kind: string;
  until: number;
  parked: number | null;
  rank: number | null;
  outcome: string | null;
  value: string | null;
  ended_at: number | null;
}

const columns = "seq, call_id, name, turn, kind, until, parked, rank, outcome, value, ended_at";

export class ToolSteps implements RowCopy, StepRows {
  readonly #sql: SqlStorage;
  /** The newest reply that has steps, 0 for none; `undefined` until it was read. */
  #newestSeq: number | undefined;
  /** The steps of the reply that was looked at last, in the order in which they were begun. */
  #copy: { seq: number; steps: readonly StepRow[]; calls: SteppedCalls } | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  startEmpty(): void {
    this.#newestSeq = 0;
  }

  forget(): void {
    this.#newestSeq = undefined;
    this.#copy = undefined;
  }

  calls(seq: number): SteppedCalls {
    return this.#of(seq).calls;
  }

  /** The calls with steps of the newest reply that has any. */
  get newest(): { seq: number; calls: SteppedCalls } {
    const seq = this.#newest();
    return { seq, calls: seq === 0 ? none.calls : this.calls(seq) };
  }

  steps({ seq, callId }: StepCall): StepRow[] {
    return this.#of(seq).steps.filter((step) => step.callId === callId);
  }

  signals(name: string): StepRow[] {
    const query = `SELECT ${columns} FROM tool_steps WHERE name = ? AND kind = 'signal' ORDER BY id`;
    return this.#sql.exec<SqlRow>(query, name).toArray().map(stepOf);
  }

  ofReply(seq: number): readonly StepRow[] {
    return this.#of(seq).steps;
  }

  keep(seq: number, steps: readonly StepRow[]): void {
    this.#newestSeq = Math.max(this.#newestSeq ?? 0, seq);
    this.#keep(seq, steps);
  }

  #of(seq: number): { steps: readonly StepRow[]; calls: SteppedCalls } {
    // No reply is entry 0, and none has steps after the newest that has.
    if (seq === 0 || seq > this.#newest()) return none;
    if (this.#copy?.seq !== seq) {
      const query = `SELECT ${columns} FROM tool_steps WHERE seq = ? ORDER BY id`;
      this.#keep(seq, this.#sql.exec<SqlRow>(query, seq).toArray().map(stepOf));
    }
    return this.#copy ?? none;
  }

  #newest(): number {
    this.#newestSeq ??= this.#sql.exec<{ seq: number | null }>("SELECT max(seq) AS seq FROM tool_steps").one().seq ?? 0;
    return this.#newestSeq;
  }

  #keep(seq: number, steps: readonly StepRow[]): void {
    this.#copy = { seq, steps, calls: callsOf(steps) };
  }
}

const none: { steps: readonly StepRow[]; calls: SteppedCalls } = { steps: [], calls: new Map() };

/** A call that was suspended goes on as soon as it has one outcome more. */
export function callsOf(steps: readonly StepRow[]): SteppedCalls {
  const ids = [...new Set(steps.map(({ callId }) => callId))];
  return new Map(
    ids.map((id): [string, SteppedCall] => {
      const own = steps.filter(({ callId }) => callId === id);
      const outcomes = Math.max(0, ...own.map(({ rank }) => rank ?? 0));
      const waits = own.flatMap(({ name, kind, untilMs, parked, outcome }): StepWait[] =>
        kind !== "do" && outcome === undefined && parked === outcomes ? [{ name, kind, untilMs }] : [],
      );
      const ends = own.flatMap(({ kind, endedMs }) => (kind !== "do" && endedMs !== undefined ? [endedMs] : []));
      return [id, { waits, resumedMs: Math.max(0, ...ends) }];
    }),
  );
}

function stepOf(row: SqlRow): StepRow {
  const { seq, call_id: callId, name, turn, until: untilMs, parked, rank, ended_at: endedMs } = row;
  const kind = row.kind === "sleep" || row.kind === "signal" ? row.kind : "do";
  const outcome = outcomeOf(row);
  return {
    ...{ seq, callId, name, turn, kind, untilMs },
    ...(parked !== null && { parked }),
    ...(rank !== null && { rank }),
    ...defined({ outcome }),
    ...(endedMs !== null && { endedMs }),
  };
}

function outcomeOf({ outcome, value }: SqlRow): StepOutcome | undefined {
  switch (outcome) {
    case null:
      return undefined;
    case "failed":
      return { type: "failed", error: value ?? "" };
    case "done":
    case "signalled":
      return { type: outcome, value: value ?? undefined };
    default:
      return { type: "over" };
  }
}

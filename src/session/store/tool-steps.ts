/** The durable steps of calls: one row for each that was begun, waits, or is over. Rows of calls that have their result are kept, like intents: a signal that comes late is answered by them. */
import type { SteppedCall, SteppedCalls, StepWait } from "../../core/tool-steps.ts";
import type { RecordedStep, StepOutcome } from "../../tools/steps/step.ts";
import type { RowCopy } from "./row-copy.ts";

/** A call, by the reply that asked for it. */
export interface StepCall {
  seq: number;
  callId: string;
}

/** A step with what it is found by. `parked`: how many outcomes the call had when nothing but waits was left of it. */
export interface StepRow extends RecordedStep, StepCall {
  turn: string;
  parked?: number;
  endedMs?: number;
}

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

export class ToolSteps implements RowCopy {
  readonly #sql: SqlStorage;
  /** The newest reply that has steps, 0 for none; `undefined` until it was read. */
  #newestSeq: number | undefined;
  /** The steps of the reply that was looked at last, in the order in which they were begun. */
  #copy: { seq: number; steps: StepRow[]; calls: SteppedCalls } | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  forget(): void {
    this.#newestSeq = undefined;
    this.#copy = undefined;
  }

  /** The calls of a reply that have steps. */
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

  /** The steps of this name that wait for a signal, or did; the newest reply's last. */
  signals(name: string): StepRow[] {
    const query = `SELECT ${columns} FROM tool_steps WHERE name = ? AND kind = 'signal' ORDER BY id`;
    return this.#sql.exec<SqlRow>(query, name).toArray().map(stepOf);
  }

  /** Waits of the call whose time is over end, in the order of their times. */
  endDue(call: StepCall, nowMs: number): void {
    const due = this.steps(call).filter(({ kind, outcome, untilMs }) => kind !== "do" && !outcome && untilMs <= nowMs);
    for (const { name } of due.toSorted((a, b) => a.untilMs - b.untilMs))
      this.end({ ...call, name }, { type: "over" }, nowMs);
  }

  begin(call: StepCall & { turn: string }, step: Pick<RecordedStep, "name" | "kind" | "untilMs">): void {
    const { seq, callId, turn } = call;
    const { name, kind, untilMs } = step;
    const query = "INSERT INTO tool_steps (seq, call_id, name, turn, kind, until) VALUES (?, ?, ?, ?, ?, ?)";
    const { steps } = this.#of(seq);
    this.#sql.exec(query, seq, callId, name, turn, kind, untilMs);
    this.#newestSeq = Math.max(this.#newestSeq ?? 0, seq);
    this.#keep(seq, [...steps, { seq, callId, turn, name, kind, untilMs }]);
  }

  /** The step is over; one that was not recorded before is recorded with its outcome. */
  end(of: StepCall & { name: string; turn?: string }, outcome: StepOutcome, nowMs: number): void {
    const { seq, callId, name, turn = "" } = of;
    const { steps } = this.#of(seq);
    const own = steps.filter((step) => step.callId === callId);
    const before = own.find((step) => step.name === name);
    const rank = 1 + Math.max(0, ...own.map((step) => step.rank ?? 0));
    const value = textOf(outcome) ?? null;
    const query = `INSERT INTO tool_steps (seq, call_id, name, turn, kind, until, rank, outcome, value, ended_at)
      VALUES (?1, ?2, ?3, ?4, 'do', 0, ?5, ?6, ?7, ?8)
      ON CONFLICT (seq, call_id, name) DO UPDATE SET rank = ?5, outcome = ?6, value = ?7, ended_at = ?8`;
    this.#sql.exec(query, seq, callId, name, turn, rank, outcome.type, value, nowMs);
    this.#newestSeq = Math.max(this.#newestSeq ?? 0, seq);
    const step = { seq, callId, turn, name, kind: "do" as const, untilMs: 0, ...before, rank, outcome, endedMs: nowMs };
    this.#keep(seq, before === undefined ? [...steps, step] : steps.map((each) => (each === before ? step : each)));
  }

  /** The call can do nothing before one of its waits is over. */
  park({ seq, callId }: StepCall): void {
    const { steps } = this.#of(seq);
    const own = steps.filter((step) => step.callId === callId);
    const parked = Math.max(0, ...own.map((step) => step.rank ?? 0));
    const query = "UPDATE tool_steps SET parked = ? WHERE seq = ? AND call_id = ? AND outcome IS NULL AND kind <> 'do'";
    this.#sql.exec(query, parked, seq, callId);
    this.#keep(
      seq,
      steps.map((step) => (step.callId === callId && isWait(step) ? { ...step, parked } : step)),
    );
  }

  #of(seq: number): { steps: StepRow[]; calls: SteppedCalls } {
    if (seq > this.#newest()) return none;
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

  #keep(seq: number, steps: StepRow[]): void {
    this.#copy = { seq, steps, calls: callsOf(steps) };
  }
}

const none: { steps: StepRow[]; calls: SteppedCalls } = { steps: [], calls: new Map() };

function isWait({ kind, outcome }: RecordedStep): boolean {
  return kind !== "do" && outcome === undefined;
}

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
    ...(outcome !== undefined && { outcome }),
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

function textOf(outcome: StepOutcome): string | undefined {
  return outcome.type === "failed" ? outcome.error : outcome.type === "over" ? undefined : outcome.value;
}

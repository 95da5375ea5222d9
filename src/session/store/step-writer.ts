/** Writes the durable steps of calls; `tool-steps.ts` reads them. Only what `longTools()` brings does so. */
import type { StepCall, StepRows } from "../../tools/steps/feature.ts";
import type { RecordedStep, StepOutcome } from "../../tools/steps/step.ts";

export class StepWriter {
  readonly #sql: SqlStorage;
  readonly #rows: StepRows;

  constructor(sql: SqlStorage, rows: StepRows) {
    this.#sql = sql;
    this.#rows = rows;
  }

  /** Waits of the call whose time is over end, in the order of their times. */
  endDue(call: StepCall, nowMs: number): void {
    const due = this.#rows
      .steps(call)
      .filter(({ kind, outcome, untilMs }) => kind !== "do" && !outcome && untilMs <= nowMs);
    for (const { name } of due.toSorted((a, b) => a.untilMs - b.untilMs))
      this.end({ ...call, name }, { type: "over" }, nowMs);
  }

  begin(call: StepCall & { turn: string }, step: Pick<RecordedStep, "name" | "kind" | "untilMs">): void {
    const { seq, callId, turn } = call;
    const { name, kind, untilMs } = step;
    const query = "INSERT INTO tool_steps (seq, call_id, name, turn, kind, until) VALUES (?, ?, ?, ?, ?, ?)";
    const steps = this.#rows.ofReply(seq);
    this.#sql.exec(query, seq, callId, name, turn, kind, untilMs);
    this.#rows.keep(seq, [...steps, { seq, callId, turn, name, kind, untilMs }]);
  }

  /** The step is over; one that was not recorded before is recorded with its outcome. */
  end(of: StepCall & { name: string; turn?: string }, outcome: StepOutcome, nowMs: number): void {
    const { seq, callId, name, turn = "" } = of;
    const steps = this.#rows.ofReply(seq);
    const own = steps.filter((step) => step.callId === callId);
    const before = own.find((step) => step.name === name);
    const rank = 1 + Math.max(0, ...own.map((step) => step.rank ?? 0));
    const value = textOf(outcome) ?? null;
    const query = `INSERT INTO tool_steps (seq, call_id, name, turn, kind, until, rank, outcome, value, ended_at)
      VALUES (?1, ?2, ?3, ?4, 'do', 0, ?5, ?6, ?7, ?8)
      ON CONFLICT (seq, call_id, name) DO UPDATE SET rank = ?5, outcome = ?6, value = ?7, ended_at = ?8`;
    this.#sql.exec(query, seq, callId, name, turn, rank, outcome.type, value, nowMs);
    const step = { seq, callId, turn, name, kind: "do" as const, untilMs: 0, ...before, rank, outcome, endedMs: nowMs };
    this.#rows.keep(
      seq,
      before === undefined ? [...steps, step] : steps.map((each) => (each === before ? step : each)),
    );
  }

  /** The call can do nothing before one of its waits is over. */
  park({ seq, callId }: StepCall): void {
    const steps = this.#rows.ofReply(seq);
    const own = steps.filter((step) => step.callId === callId);
    const parked = Math.max(0, ...own.map((step) => step.rank ?? 0));
    const query = "UPDATE tool_steps SET parked = ? WHERE seq = ? AND call_id = ? AND outcome IS NULL AND kind <> 'do'";
    this.#sql.exec(query, parked, seq, callId);
    this.#rows.keep(
      seq,
      steps.map((step) => (step.callId === callId && isWait(step) ? { ...step, parked } : step)),
    );
  }
}

function isWait({ kind, outcome }: RecordedStep): boolean {
  return kind !== "do" && outcome === undefined;
}

function textOf(outcome: StepOutcome): string | undefined {
  return outcome.type === "failed" ? outcome.error : outcome.type === "over" ? undefined : outcome.value;
}

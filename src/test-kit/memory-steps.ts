/** The durable steps of a session in memory: what `session/store/tool-steps` keeps in rows. */
import type { SteppedCalls } from "../core/tool-steps.ts";
import { callsOf } from "../session/store/tool-steps.ts";
import type { StepCall, StepRow } from "../tools/steps/feature.ts";
import type { StepOutcome, StepStore } from "../tools/steps/step.ts";

export class MemorySteps {
  readonly #now: () => number;
  #rows: StepRow[];

  constructor(now: () => number, rows: readonly StepRow[] = []) {
    this.#now = now;
    this.#rows = [...rows];
  }

  /** Another one with the same steps, which goes its own way. */
  copy(now: () => number): MemorySteps {
    return new MemorySteps(now, this.#rows);
  }

  calls(seq: number): SteppedCalls {
    return callsOf(this.#rows.filter((row) => row.seq === seq));
  }

  store(call: StepCall): StepStore {
    return {
      take: () => {
        const due = this.#of(call).filter((row) => row.kind !== "do" && !row.outcome && row.untilMs <= this.#now());
        for (const { name } of due.toSorted((a, b) => a.untilMs - b.untilMs)) this.#end(call, name, { type: "over" });
        return this.#of(call);
      },
      begin: async (name) => this.#add(call, { name, kind: "do", untilMs: 0 }),
      end: (name, outcome) => this.#end(call, name, outcome),
      suspend: async (waits) => {
        for (const wait of waits) if (!this.#find(call, wait.name)) this.#add(call, wait);
        const parked = ranks(this.#of(call));
        this.#rows = this.#rows.map((row) => (isOf(row, call) && !row.outcome ? { ...row, parked } : row));
      },
    };
  }

  /** Answers the step of that name that waits for a signal; false when there is none. */
  signal({ seq, callId }: StepCall, name: string, value: unknown): boolean {
    const wait = this.#find({ seq, callId }, name);
    if (wait?.kind !== "signal" || wait.outcome !== undefined) return false;
    this.#end({ seq, callId }, name, { type: "signalled", value: JSON.stringify(value) });
    return true;
  }

  #of(call: StepCall): StepRow[] {
    return this.#rows.filter((row) => isOf(row, call));
  }

  #find(call: StepCall, name: string): StepRow | undefined {
    return this.#of(call).find((row) => row.name === name);
  }

  #add(call: StepCall, step: Pick<StepRow, "name" | "kind" | "untilMs">): void {
    this.#rows.push({ seq: call.seq, callId: call.callId, turn: "", ...step });
  }

  #end(call: StepCall, name: string, outcome: StepOutcome): void {
    if (!this.#find(call, name)) this.#add(call, { name, kind: "do", untilMs: 0 });
    const over = { outcome, rank: ranks(this.#of(call)) + 1, endedMs: this.#now() };
    this.#rows = this.#rows.map((row) => (isOf(row, call) && row.name === name ? { ...row, ...over } : row));
  }
}

function isOf(row: StepRow, { seq, callId }: StepCall): boolean {
  return row.seq === seq && row.callId === callId;
}

function ranks(rows: readonly StepRow[]): number {
  return Math.max(0, ...rows.map(({ rank = 0 }) => rank));
}

/**
 * Runs every case in every arm as often as wanted, a few at a time, and hands on each result as it comes. Ends early when the
 * budget is used up, the caller stops it, or nothing can be asked any more; what is missing then can be run later.
 */
import type { EvalCase } from "../dataset/case.ts";
import { type ScoringTools, scoreRun } from "../score/score-run.ts";
import type { EvalArm } from "./arms.ts";
import { CannotRun, type RunResult } from "./result.ts";

export interface EvalWork {
  arms: readonly EvalArm[];
  cases: readonly EvalCase[];
  trials: number;
  concurrency: number;
  /** Micro-dollars, for all runs and judges; none when absent. */
  budgetMicros: number | undefined;
  scoring: ScoringTools;
  signal: AbortSignal;
  /** Results that there are already. */
  done: readonly RunResult[];
  onResult(result: RunResult): void;
}

/** `left`: how many runs are missing. `why`: the reason, when there are any. */
export interface Ended {
  left: number;
  why?: string;
}

/** Runs that fail for a reason outside, one after the other, before the others are not tried any more. */
const mostFailures = 3;

export async function runAll(work: EvalWork): Promise<Ended> {
  const jobs = jobsOf(work);
  const spent = new Spending(work.done);
  let [left, failures] = [jobs.length, 0];
  let why: string | undefined;
  let lastFailure: string | undefined;
  let at = 0;
  const some = async () => {
    for (;;) {
      if (work.signal.aborted) why ??= "it was stopped";
      if (work.budgetMicros !== undefined && !spent.allows(work.budgetMicros))
        why ??= `the budget of $${(work.budgetMicros / 1e6).toFixed(2)} is used up`;
      const job = why === undefined ? jobs[at++] : undefined;
      if (job === undefined) return;
      spent.begin();
      try {
        const result = await runOne(job, work.scoring);
        if (work.signal.aborted) return;
        spent.end(result.costMicros + result.judgeCostMicros);
        failures = 0;
        left--;
        work.onResult(result);
      } catch (error) {
        spent.end(0);
        if (!(error instanceof CannotRun)) throw error;
        lastFailure = error.message;
        if (++failures >= mostFailures) why ??= error.message;
      }
    }
  };
  await Promise.all(Array.from({ length: work.concurrency }, some));
  why ??= lastFailure;
  return left === 0 ? { left } : { left, why: why ?? "runs failed" };
}

interface Job {
  arm: EvalArm;
  case: EvalCase;
  trial: number;
}

/** Arm by arm within a case: what changes outside while it runs meets all arms alike. */
function jobsOf({ arms, cases, trials, done }: EvalWork): Job[] {
  const key = (arm: string, id: string, trial: number) => JSON.stringify([arm, id, trial]);
  const isDone = new Set(done.map((result) => key(result.arm, result.case, result.trial)));
  const jobs: Job[] = [];
  for (let trial = 1; trial <= trials; trial++)
    for (const each of cases)
      for (const arm of arms) if (!isDone.has(key(arm.name, each.id, trial))) jobs.push({ arm, case: each, trial });
  return jobs;
}

async function runOne({ arm, case: each, trial }: Job, scoring: ScoringTools): Promise<RunResult> {
  const outcome = await arm.run(each);
  const scored = await scoreRun(each, outcome, scoring);
  return { case: each.id, arm: arm.name, trial, ...outcome, ...scored, at: new Date().toISOString() };
}

/** What was spent, and what the runs under way will take if they are like those before. */
class Spending {
  #micros: number;
  #runs: number;
  #open = 0;

  constructor(done: readonly RunResult[]) {
    this.#micros = done.reduce((sum, { costMicros, judgeCostMicros }) => sum + costMicros + judgeCostMicros, 0);
    this.#runs = done.length;
  }

  allows(budgetMicros: number): boolean {
    const each = this.#runs === 0 ? 0 : this.#micros / this.#runs;
    return this.#micros + each * (this.#open + 1) <= budgetMicros && this.#micros < budgetMicros;
  }

  begin(): void {
    this.#open++;
  }

  end(micros: number): void {
    this.#open--;
    this.#micros += micros;
    this.#runs++;
  }
}

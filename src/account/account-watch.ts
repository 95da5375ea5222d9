/** Has an account's jobs done beside its requests: notifies them of what is recorded, and calls them by the object's one alarm. Knows nothing of what they do. */
import { alarmBackoff, backoffMs } from "../core/backoff.ts";
import { AppError } from "../core/errors.ts";
import type { AccountJob, AccountJobHost } from "../observe/telemetry.ts";

export class AccountWatch {
  readonly #ctx: DurableObjectState;
  readonly #makeJobs: (host: Omit<AccountJobHost, "isClosing">) => AccountJob[];
  #jobs: AccountJob[] | undefined;
  /** When the alarm is set for; unknown after a start, when an earlier one may be set. */
  #alarmMs: number | undefined;
  /** Jobs that failed when they were run last: how often in a row, and until when each is left alone. */
  readonly #failed = new Map<AccountJob, { times: number; untilMs: number }>();
  /** All rows are gone, and none came since. */
  #isEmpty = false;

  constructor(ctx: DurableObjectState, makeJobs: (host: Omit<AccountJobHost, "isClosing">) => AccountJob[]) {
    this.#ctx = ctx;
    this.#makeJobs = makeJobs;
  }

  /** A transaction in which the jobs are notified of what is recorded. They forget what they know when it is rolled back. */
  transaction<T>(record: (jobs: readonly AccountJob[]) => T): T {
    const jobs = this.#all;
    this.#isEmpty = false;
    try {
      const recorded = this.#ctx.storage.transactionSync(() => record(jobs));
      this.#arm();
      return recorded;
    } catch (error) {
      for (const job of jobs) job.forget();
      throw error;
    }
  }

  /** Runs in the caller's transaction. */
  sessionErased(session: string): void {
    for (const job of this.#all) job.sessionErased?.(session);
  }

  /** The rows are gone: what is known of them is forgotten, and the alarm is not set any more. */
  forget(): void {
    for (const job of this.#all) job.forget();
    this.#alarmMs = undefined;
    this.#isEmpty = true;
  }

  /** The answer of the job of that name. Throws `conflict` where there is none. */
  ask(name: string, method: string, args: readonly unknown[]): unknown {
    const job = this.#all.find((each) => each.name === name);
    if (job?.ask === undefined) throw new AppError("conflict", `This app does not list ${name}().`);
    const answer = job.ask(method, args);
    // It may be the first that an account has again after it was erased.
    this.#isEmpty = false;
    this.#arm();
    return answer;
  }

  /** What the alarm is for. A job that fails is run again later, and holds up no other one. */
  async run(): Promise<void> {
    this.#alarmMs = undefined;
    for (const job of this.#all) {
      if (this.#restsUntilMs(job) > Date.now()) continue;
      try {
        await job.run(Date.now());
        this.#failed.delete(job);
      } catch (error) {
        this.#rest(job, error);
      }
    }
    this.#arm();
  }

  #arm(): void {
    if (this.#isEmpty) return;
    const dueMs = Math.min(...this.#all.map((job) => this.#dueMs(job)));
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const atMs = Math.max(dueMs, Date.now() + 1);
    if (this.#alarmMs !== undefined && this.#alarmMs <= atMs) return;
    this.#alarmMs = atMs;
    void this.#ctx.storage.setAlarm(atMs);
  }

  #dueMs(job: AccountJob): number {
    const restsUntilMs = this.#restsUntilMs(job);
    try {
      return Math.max(job.dueMs() ?? Number.POSITIVE_INFINITY, restsUntilMs);
    } catch (error) {
      // This is called with each report: the failure is logged once for each time that the job is to be run.
      return restsUntilMs > Date.now() ? restsUntilMs : this.#rest(job, error);
    }
  }

  #restsUntilMs(job: AccountJob): number {
    return this.#failed.get(job)?.untilMs ?? 0;
  }

  #rest(job: AccountJob, error: unknown): number {
    const times = 1 + (this.#failed.get(job)?.times ?? 0);
    const untilMs = Date.now() + backoffMs(times, alarmBackoff, Math.random());
    this.#failed.set(job, { times, untilMs });
    job.forget();
    console.error(`the job ${job.name} failed; it is run again`, error);
    return untilMs;
  }

  get #all(): AccountJob[] {
    this.#jobs ??= this.#makeJobs({ storage: this.#ctx.storage, account: () => this.#ctx.id.name ?? "" });
    return this.#jobs;
  }
}

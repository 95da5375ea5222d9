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
  #failures = 0;
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

  /** What the alarm is for. */
  async run(): Promise<void> {
    this.#alarmMs = undefined;
    try {
      for (const job of this.#all) await job.run(Date.now());
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      console.error("work of an account failed; it is done again", error);
    }
    this.#arm();
  }

  #arm(): void {
    if (this.#isEmpty) return;
    const dues = this.#all.flatMap((job) => job.dueMs() ?? []);
    if (dues.length === 0) return;
    const pauseMs = this.#failures === 0 ? 1 : backoffMs(this.#failures, alarmBackoff, Math.random());
    const atMs = Math.max(Math.min(...dues), Date.now() + pauseMs);
    if (this.#alarmMs !== undefined && this.#alarmMs <= atMs) return;
    this.#alarmMs = atMs;
    void this.#ctx.storage.setAlarm(atMs);
  }

  get #all(): AccountJob[] {
    this.#jobs ??= this.#makeJobs({ storage: this.#ctx.storage, account: () => this.#ctx.id.name ?? "" });
    return this.#jobs;
  }
}

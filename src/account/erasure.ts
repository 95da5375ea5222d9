/** Erases an account with all its sessions: what is done is in a row, so that a crash is followed by the alarm. Its keys and tokens are refused before the first session goes. */
import { alarmBackoff, backoffMs } from "../core/backoff.ts";
import type { AccountJob } from "../observe/telemetry.ts";
import type { AccountStore } from "./account-store.ts";
import { keepWatched, readWatched } from "./watched.ts";

/** How much was erased so far, and how many sessions are left. */
export interface AccountReceipt {
  sessions: number;
  entries: number;
  bytes: number;
  remaining: number;
}

interface ErasureState {
  begunMs: number;
  dueMs: number;
  failures: number;
  /** Sessions up to this id were tried in this pass: one that cannot be erased now does not hold up the others. */
  after: string;
  sessions: number;
  entries: number;
  bytes: number;
}

interface ErasureHost {
  /** What the account consists of; `undefined` when there are no rows. */
  store(): AccountStore | undefined;
  eraseSession(session: string): Promise<{ entries: number; bytes: number }>;
  /** All rows are gone. */
  wiped(): void;
}

/**
 * For so long an isolate may admit a caller by a key that it remembers (25 s, and 30 s where the account cannot be reached),
 * and a session that began then may report itself: the last look for sessions is after it.
 */
const lastLookMs = 90_000;
/** Sessions that are erased in one go: each takes two calls, and an invocation may make 1,000 (developers.cloudflare.com/workers/platform/limits). */
const mostAtOnce = 200;
const inParallel = 5;

export class Erasure implements AccountJob {
  readonly name = "erasure";
  readonly #storage: DurableObjectStorage;
  readonly #host: ErasureHost;
  /** `null`: it was looked for, and there is none. */
  #copy: ErasureState | null | undefined;
  #running: Promise<void> | undefined;

  constructor(storage: DurableObjectStorage, host: ErasureHost) {
    this.#storage = storage;
    this.#host = host;
  }

  get isBegun(): boolean {
    return this.#state !== undefined;
  }

  get receipt(): AccountReceipt {
    const { sessions = 0, entries = 0, bytes = 0 } = this.#state ?? {};
    return { sessions, entries, bytes, remaining: this.#host.store()?.index.count ?? 0 };
  }

  /** Runs in the caller's transaction. */
  begin(nowMs: number): void {
    const { keys, record } = this.#host.store() ?? {};
    keys?.revokeAll(nowMs);
    if (this.isBegun) return;
    record?.renewTokenSecret();
    this.#keep({ begunMs: nowMs, dueMs: nowMs, failures: 0, after: "", sessions: 0, entries: 0, bytes: 0 });
  }

  turnsEnded(): void {}
  feedbackGiven(): void {}

  forget(): void {
    this.#copy = undefined;
  }

  dueMs(): number | undefined {
    return this.#state?.dueMs;
  }

  /** A request and the alarm may both ask for it: it runs once at a time. */
  async run(nowMs: number): Promise<void> {
    const state = this.#state;
    if (state === undefined || state.dueMs > nowMs) return;
    this.#running ??= this.#sweep(nowMs).finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #sweep(nowMs: number): Promise<void> {
    const sessions = this.#host.store()?.index.idsAfter(this.#state?.after ?? "", mostAtOnce) ?? [];
    let failed = 0;
    for (let at = 0; at < sessions.length; at += inParallel) {
      const erased = await Promise.allSettled(sessions.slice(at, at + inParallel).map(this.#host.eraseSession));
      failed += erased.filter(({ status }) => status === "rejected").length;
      this.#add(erased.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    }
    const state = this.#state;
    if (state === undefined) return;
    const { remaining } = this.receipt;
    const lastLookAtMs = state.begunMs + lastLookMs;
    if (remaining === 0 && nowMs >= lastLookAtMs) return this.#wipe();
    const failures = failed === 0 ? 0 : state.failures + 1;
    const pauseMs = failed === 0 ? 0 : backoffMs(failures, alarmBackoff, Math.random());
    const after = sessions.length < mostAtOnce ? "" : (sessions.at(-1) ?? "");
    this.#keep({ ...state, failures, after, dueMs: remaining > 0 ? nowMs + pauseMs : lastLookAtMs });
  }

  #add(erased: readonly { entries: number; bytes: number }[]): void {
    const state = this.#state;
    if (state === undefined) return;
    const sum = (of: "entries" | "bytes") => erased.reduce((all, each) => all + each[of], state[of]);
    this.#keep({ ...state, sessions: state.sessions + erased.length, entries: sum("entries"), bytes: sum("bytes") });
  }

  async #wipe(): Promise<void> {
    await this.#storage.deleteAlarm();
    await this.#storage.deleteAll();
    this.#copy = null;
    this.#host.wiped();
  }

  get #state(): ErasureState | undefined {
    if (this.#copy === undefined) {
      const isThere = this.#host.store() !== undefined;
      this.#copy = (isThere && readWatched<ErasureState>(this.#storage.sql, this.name)) || null;
    }
    return this.#copy ?? undefined;
  }

  #keep(state: ErasureState): void {
    keepWatched(this.#storage.sql, this.name, state);
    this.#copy = state;
  }
}

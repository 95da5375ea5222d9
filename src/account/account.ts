/** The Durable Object of an account: what must be known about all its sessions together. Holds no transcripts. */
import { DurableObject } from "cloudflare:workers";
import type { SessionSummary } from "../dialects/native.ts";
import type { Bindings } from "../env.ts";
import { Ledger, type StepRecord, type UsageGroup, type UsageSum } from "./ledger.ts";
import { SessionIndex, type SessionPage } from "./session-index.ts";

export class Account extends DurableObject<Bindings> {
  readonly #index = new SessionIndex(this.ctx.storage.sql);
  readonly #ledger = new Ledger(this.ctx.storage.sql);

  /** A session was made, renamed, or has ended a turn. */
  putSession(summary: SessionSummary, words: string): void {
    this.#index.put(summary, words);
  }

  /** Records steps of a session, each once; returns the newest that is recorded. With no steps it only tells. */
  settle(session: string, steps: StepRecord[]): number {
    this.#ledger.record(session, steps);
    return this.#ledger.recordedSeq(session);
  }

  usage(of: { group: UsageGroup; fromMs: number; toMs: number }): UsageSum[] {
    return this.#ledger.sums(of);
  }

  removeSession(id: string): void {
    this.#index.remove(id);
  }

  listSessions(page: { limit: number; cursor?: string | undefined; q?: string | undefined }): SessionPage {
    return this.#index.list(page);
  }
}

/** The object of an account. `account` comes from authentication, never from what a caller wrote. */
export function accountObject(bindings: Bindings, account: string): DurableObjectStub<Account> {
  const namespace = bindings.ACCOUNTS as unknown as DurableObjectNamespace<Account>;
  return namespace.getByName(account);
}

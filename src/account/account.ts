/** The Durable Object of an account: what must be known about all its sessions together. Holds no transcripts. */
import { DurableObject } from "cloudflare:workers";
import type { SessionSummary } from "../dialects/native.ts";
import type { Bindings } from "../env.ts";
import { Ledger, type StepRecord, type UsageGroup, type UsageSum } from "./ledger.ts";
import { SessionIndex, type SessionPage, type SessionQuery, type SessionText } from "./session-index.ts";

/** What happened in a session from where it reported last up to entry `throughSeq`. */
export interface SessionNews {
  throughSeq: number;
  steps: StepRecord[];
  texts: SessionText[];
}

export class Account extends DurableObject<Bindings> {
  readonly #index = new SessionIndex(this.ctx.storage.sql);
  readonly #ledger = new Ledger(this.ctx.storage.sql);

  /** A session tells how it stands, and what happened since it told last; returns up to which entry that is recorded. Told twice, it counts once. */
  report(summary: SessionSummary, news?: SessionNews): number {
    const { id } = summary;
    return this.ctx.storage.transactionSync(() => {
      this.#index.put(summary);
      if (news !== undefined) {
        this.#ledger.record(id, news.steps);
        this.#index.addTexts(id, news.texts);
        this.#index.setReportedSeq(id, news.throughSeq);
      }
      return this.#index.reportedSeq(id);
    });
  }

  usage(of: { group: UsageGroup; fromMs: number; toMs: number }): UsageSum[] {
    return this.#ledger.sums(of);
  }

  /** What its steps used stays in the ledger. */
  removeSession(id: string): void {
    this.ctx.storage.transactionSync(() => this.#index.remove(id));
  }

  /** Whether there was a session of this name that was erased, and was not made again. */
  wasErased(id: string): boolean {
    return this.#index.wasErased(id);
  }

  listSessions(page: SessionQuery): SessionPage {
    return this.#index.list(page);
  }
}

/** The object of an account. `account` comes from authentication, never from what a caller wrote. */
export function accountObject(bindings: Bindings, account: string): DurableObjectStub<Account> {
  const namespace = bindings.ACCOUNTS as unknown as DurableObjectNamespace<Account>;
  return namespace.getByName(account);
}

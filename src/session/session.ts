/** The Durable Object of a session: takes calls, checks them against the rows, writes, and wakes the runner. What a turn does is decided in core. */
import { DurableObject } from "cloudflare:workers";
import { type Outcome, outcome, refusalOf } from "../account/outcome.ts";
import { agent } from "../agent.ts";
import type { Entry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { SessionSummary } from "../dialects/native.ts";
import { type Bindings, parseSettings } from "../env.ts";
import { problemResponse } from "../http/problem.ts";
import type { TranscriptHit } from "../tools/tool.ts";
import { arm } from "./alarm.ts";
import { type ApprovalAnswer, answerApproval, type ClientResult, takeResults } from "./answering.ts";
import { Copying, type CopyStep } from "./copying.ts";
import { readEvents } from "./event-stream.ts";
import { type PrefixReport, prefixReport } from "./prefix-report.ts";
import { Reporter } from "./reporter.ts";
import { Runner } from "./runner.ts";
import { migrate, versionOf } from "./schema.ts";
import { type SessionParts, sessionParts } from "./session-parts.ts";
import { type SessionAddress, type SessionChoices, SessionRecord } from "./session-record.ts";
import { summarize } from "./summarize.ts";
import { pageUnits } from "./transcript-log.ts";
import { modelIds } from "./turn-model.ts";
import type { SendRequest, TurnState } from "./turns.ts";
import { waitForEnd } from "./wait-for-end.ts";

export class Session extends DurableObject<Bindings> {
  readonly #settings = parseSettings(this.env);
  #parts: SessionParts | undefined;
  #runner: Runner | undefined;
  readonly #copying = new Copying(this.ctx.storage);
  #reporter = new Reporter(this.env);
  /** Settles when the session that was here is gone for good. */
  #erasing: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    const version = versionOf(ctx.storage.sql);
    if (version === 0) return;
    ctx.storage.transactionSync(() => migrate(ctx.storage.sql, version));
    this.#open();
    if (this.#parts?.turns.busy) this.#work();
  }

  /** Makes the session, or leaves an existing one as it is. */
  create(
    address: SessionAddress,
    choices: SessionChoices,
  ): Promise<Outcome<{ created: boolean; session: SessionSummary }>> {
    return outcome(async () => {
      await this.#erasing;
      const created = this.#parts === undefined;
      const parts = this.#parts ?? this.#create(address, choices);
      if (created) await this.#report();
      return { created, session: this.#summary(parts) };
    });
  }

  describe(): Promise<Outcome<SessionSummary & { instructions: string | null; chosenModel: string | null }>> {
    return outcome(() => {
      const { instructions, model: chosenModel } = this.#existing().record.read();
      return { ...this.#summary(this.#existing()), instructions, chosenModel };
    });
  }

  change(changes: { title?: string | null; metadata?: Record<string, string> }): Promise<Outcome<SessionSummary>> {
    return outcome(async () => {
      const parts = this.#existing();
      parts.record.change(changes);
      await this.#report();
      return this.#summary(parts);
    });
  }

  /** Accepts a message in one transaction and returns its turn; the same receipt again returns the same turn. */
  send(address: SessionAddress, request: SendRequest): Promise<Outcome<{ turn: string; state: TurnState }>> {
    return outcome(async () => {
      await this.#erasing;
      const isNew = this.#parts === undefined;
      if (isNew) await this.#reporter.refuseErased(address);
      const parts = this.#parts ?? this.#create(address, {});
      const { turns, storage } = parts;
      const turn = turns.repeated(request.receipt) ?? storage.transactionSync(() => turns.accept(request, Date.now()));
      if (turns.open?.stop !== undefined) this.#runner?.abort(turns.open.turn);
      this.#work();
      if (isNew) await this.#report();
      return { turn, state: turns.state(turn) ?? { status: "queued" } };
    });
  }

  /** A person's yes or no about a call; once. Returns the turn that goes on. */
  approve(callId: string, answer: ApprovalAnswer): Promise<Outcome<{ turn: string }>> {
    return this.#answer((parts) => answerApproval(parts, callId, answer));
  }

  /** The results of tools that ran at the client, all of them or none. Returns the turn that goes on. */
  giveResults(results: ClientResult[]): Promise<Outcome<{ turn: string }>> {
    return this.#answer((parts) => takeResults(parts, results));
  }

  wait(turn: string, timeoutMs: number): Promise<Outcome<TurnState>> {
    return outcome(() => waitForEnd(this.#existing(), turn, timeoutMs));
  }

  /** Asks the open turn, or the named one, to end, and returns it; null when it had ended, or none was open. */
  cancel(turn?: string): Promise<Outcome<{ turn: string | null }>> {
    return outcome(() => {
      const target = this.#existing().turns.cancel(turn);
      if (target === null) return { turn: null };
      this.#runner?.abort(target);
      this.#work();
      return { turn: target };
    });
  }

  entries(range: { after: number; limit: number }): Promise<Outcome<{ entries: Entry[]; lastSeq: number }>> {
    return outcome(() => {
      const { log } = this.#existing();
      return { entries: log.read({ ...range, maxUnits: pageUnits }), lastSeq: log.lastSeq };
    });
  }

  /** Erases everything the session has, here and in the account's index, and tells how much that was. */
  erase(): Promise<Outcome<{ entries: number; bytes: number }>> {
    return outcome(async () => {
      const parts = this.#existing();
      const receipt = parts.log.size();
      this.#parts = undefined;
      parts.feed.close();
      this.#runner?.abort();
      this.#runner = undefined;
      const forgotten = this.#forget(parts.record.read());
      this.#erasing = forgotten.catch(() => {});
      await forgotten;
      return receipt;
    });
  }

  /** Makes this session from entries of another one or of an import, page by page. It exists, and is returned, once the last step is done. */
  copy(step: CopyStep): Promise<Outcome<SessionSummary | undefined>> {
    return outcome(async () => {
      await this.#erasing;
      if (this.#parts !== undefined) throw new AppError("conflict", "There is a session with this id already.");
      if (!this.#copying.do(step)) return undefined;
      const parts = this.#open();
      this.#arm();
      await this.#report();
      return this.#summary(parts);
    });
  }

  search(query: string, limit: number): Promise<Outcome<TranscriptHit[]>> {
    return outcome(() => this.#existing().search.find(query, { limit, beforeSeq: Number.MAX_SAFE_INTEGER }));
  }

  prefix(limit: number): Promise<Outcome<PrefixReport>> {
    return outcome(() => prefixReport(this.#existing(), limit));
  }

  /** `GET /events?after&live&turn`: the stream. Everything else comes by RPC; a stream is relayed faster by `fetch`. */
  override async fetch(request: Request): Promise<Response> {
    const read = await outcome(() => readEvents(this.#existing(), new URL(request.url).searchParams));
    return read.ok ? read.value : problemResponse(refusalOf(read));
  }

  /** Watchdog and expiry. Re-armed before anything else, and never throws: Cloudflare drops an alarm that fails six times. */
  override async alarm(): Promise<void> {
    try {
      if (this.#parts === undefined) return;
      this.#arm();
      const { expiresAtMs } = this.#parts.record.read();
      if (expiresAtMs !== null && expiresAtMs <= Date.now()) await this.erase();
      else if (this.#parts.turns.busy) this.#runner?.wake();
    } catch (error) {
      console.error("alarm failed", error);
    }
  }

  #open(): SessionParts {
    const parts = sessionParts(this.ctx.storage);
    this.#parts = parts;
    this.#reporter = new Reporter(this.env);
    this.#runner = new Runner(parts, {
      agent,
      settings: this.#settings,
      bindings: this.env,
      hold: (work) => this.ctx.waitUntil(work),
      rested: () => {
        this.#arm();
        this.ctx.waitUntil(this.#report());
      },
    });
    return parts;
  }

  #create(address: SessionAddress, choices: SessionChoices): SessionParts {
    if (this.#copying.busy) throw new AppError("conflict", `The session "${address.name}" is being made just now.`);
    const { storage } = this.ctx;
    storage.transactionSync(() => SessionRecord.create(storage.sql, address, choices, Date.now()));
    const parts = this.#open();
    this.#arm();
    return parts;
  }

  /** The index goes first: should this be cut off, the session is still whole, and reports itself again. */
  async #forget(address: SessionAddress): Promise<void> {
    try {
      await this.#reporter.leave(address);
      await this.ctx.storage.deleteAll();
    } catch (error) {
      this.#open();
      this.#work();
      throw error;
    }
  }

  /** Answers are acknowledged once they are on disk; the runner, or the watchdog, goes on from there. */
  #answer(take: (parts: SessionParts) => string): Promise<Outcome<{ turn: string }>> {
    return outcome(async () => {
      const parts = this.#existing();
      const turn = parts.storage.transactionSync(() => take(parts));
      this.#work();
      await parts.storage.sync();
      return { turn };
    });
  }

  #work(): void {
    this.#arm();
    this.#runner?.wake();
  }

  #arm(): void {
    if (this.#parts !== undefined) arm(this.#parts, agent.limits.waitSeconds * 1000);
  }

  #existing(): SessionParts {
    if (this.#parts !== undefined) return this.#parts;
    throw new AppError("not_found", "There is no such session.");
  }

  #summary(parts: SessionParts): SessionSummary {
    return summarize(parts, modelIds(this.#settings, agent)[0]);
  }

  async #report(): Promise<void> {
    if (this.#parts !== undefined) await this.#reporter.report(this.#parts, this.#summary(this.#parts));
  }
}

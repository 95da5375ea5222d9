/** The Durable Object of a session: takes calls, checks them against the rows, writes, and wakes the runner. What a turn does is decided in core. */
import { DurableObject } from "cloudflare:workers";
import { accountObject } from "../account/account.ts";
import { agent } from "../agent.ts";
import type { Entry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { SessionSummary } from "../dialects/native.ts";
import { type Bindings, parseSettings } from "../env.ts";
import { problemResponse } from "../http/problem.ts";
import { readEvents } from "./event-stream.ts";
import type { InboxMessage, Receipt } from "./inbox.ts";
import { type Outcome, outcome, refusalOf } from "./outcome.ts";
import { Reporter } from "./reporter.ts";
import { Runner } from "./runner.ts";
import { migrate, versionOf } from "./schema.ts";
import { type SessionParts, sessionParts } from "./session-parts.ts";
import { type SessionAddress, type SessionChoices, SessionRecord } from "./session-record.ts";
import { summarize } from "./summarize.ts";
import { modelIds } from "./turn-model.ts";
import { noSuchTurn, type TurnState } from "./turns.ts";
import { waitForEnd } from "./wait-for-end.ts";

/** How long after the last sign of work the alarm looks whether a crash left some undone. */
const watchdogMs = 10_000;

export interface SendRequest {
  message: InboxMessage;
  receipt: Receipt;
  /** Refuse instead of waiting when a turn is open. */
  rejectWhenBusy: boolean;
}

export class Session extends DurableObject<Bindings> {
  readonly #settings = parseSettings(this.env);
  #parts: SessionParts | undefined;
  #runner: Runner | undefined;
  #reporter = new Reporter();

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    const version = versionOf(ctx.storage.sql);
    if (version === 0) return;
    ctx.storage.transactionSync(() => migrate(ctx.storage.sql, version));
    this.#open();
    if (this.#parts?.turns.busy) this.#work();
  }

  /** Makes the session, or leaves an existing one as it is. */
  async create(
    address: SessionAddress,
    choices: SessionChoices,
  ): Promise<{ created: boolean; session: SessionSummary }> {
    const created = this.#parts === undefined;
    const parts = this.#parts ?? this.#create(address, choices);
    if (created) await this.#report();
    return { created, session: this.#summary(parts) };
  }

  describe(): Promise<Outcome<SessionSummary>> {
    return outcome(() => this.#summary(this.#existing()));
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
      const isNew = this.#parts === undefined;
      const parts = this.#parts ?? this.#create(address, {});
      const { turns, storage } = parts;
      const turn = turns.repeated(request.receipt) ?? storage.transactionSync(() => this.#accept(parts, request));
      this.#work();
      if (isNew) await this.#report();
      return { turn, state: turns.state(turn) ?? { status: "queued" } };
    });
  }

  /** The turn when it has ended, or as it stands after `timeoutMs`. */
  wait(turn: string, timeoutMs: number): Promise<Outcome<TurnState>> {
    return outcome(() => waitForEnd(this.#existing(), turn, timeoutMs));
  }

  /** Asks the open turn, or the named one, to end, and returns it; null when it had ended, or none was open. */
  cancel(turn?: string): Promise<Outcome<{ turn: string | null }>> {
    return outcome(() => {
      const { turns, inbox } = this.#existing();
      const target = turn ?? turns.open?.turn;
      if (target === undefined) return { turn: null };
      const state = turns.state(target);
      if (state === undefined) throw noSuchTurn(target);
      if (state.status === "ended") return { turn: null };
      inbox.cancel(target, Date.now());
      this.#runner?.abort(target);
      this.#work();
      return { turn: target };
    });
  }

  entries(range: { after: number; limit: number }): Promise<Outcome<{ entries: Entry[]; lastSeq: number }>> {
    return outcome(() => {
      const { log } = this.#existing();
      return { entries: log.read(range), lastSeq: log.lastSeq };
    });
  }

  /** Erases everything the session has, here and in the account's index, and tells how much that was. */
  erase(): Promise<Outcome<{ entries: number; bytes: number }>> {
    return outcome(async () => {
      const parts = this.#existing();
      const { account, name } = parts.record.read();
      const receipt = parts.log.size();
      this.#parts = undefined;
      parts.feed.close();
      this.#runner?.abort();
      this.#runner = undefined;
      await this.ctx.storage.deleteAll();
      await accountObject(this.env, account).removeSession(name);
      return receipt;
    });
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
    this.#reporter = new Reporter();
    this.#runner = new Runner(parts, {
      agent,
      settings: this.#settings,
      bindings: this.env,
      hold: (work) => this.ctx.waitUntil(work),
      rested: () => this.#rested(),
    });
    return parts;
  }

  #create(address: SessionAddress, choices: SessionChoices): SessionParts {
    const { storage } = this.ctx;
    storage.transactionSync(() => SessionRecord.create(storage.sql, address, choices, Date.now()));
    const parts = this.#open();
    this.#arm();
    return parts;
  }

  #accept({ turns }: SessionParts, { message, receipt, rejectWhenBusy }: SendRequest): string {
    if (rejectWhenBusy && turns.busy) {
      throw new AppError(
        "session_busy",
        "A turn is running in this session. Wait for it, cancel it, or send without on_busy=reject.",
      );
    }
    return turns.accept(message, receipt, Date.now());
  }

  #work(): void {
    this.#arm();
    this.#runner?.wake();
  }

  #rested(): void {
    this.#arm();
    this.ctx.waitUntil(this.#report());
  }

  /** The one alarm: the watchdog while there is work, else the end of the session's life, else none. */
  #arm(): void {
    if (this.#parts === undefined) return;
    const { turns, record } = this.#parts;
    const due = [turns.busy ? Date.now() + watchdogMs : null, record.read().expiresAtMs].filter((at) => at !== null);
    if (due.length > 0) void this.ctx.storage.setAlarm(Math.max(Math.min(...due), Date.now() + 1));
    else void this.ctx.storage.deleteAlarm();
  }

  #existing(): SessionParts {
    if (this.#parts === undefined) throw new AppError("not_found", "There is no such session.");
    return this.#parts;
  }

  #summary(parts: SessionParts): SessionSummary {
    return summarize(parts, modelIds(this.#settings, agent)[0]);
  }

  /** Tells the account how the session stands. A report that is lost is made up for by the next one. */
  async #report(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    try {
      await this.#reporter.report(accountObject(this.env, parts.record.read().account), parts, this.#summary(parts));
    } catch (error) {
      console.error("the account did not take a report", error);
    }
  }
}

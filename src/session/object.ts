/** The Durable Object of a session: its methods. Each uses some parts of the session that is alive. What callers submit is taken by `submit.ts` alone; what a turn does is decided in core. */
import { DurableObject } from "cloudflare:workers";
import { rpcVersion, serveCall, unavailable } from "../account/call-object.ts";
import { type Outcome, outcome, refusalOf } from "../account/outcome.ts";
import type { App } from "../agent/app.ts";
import type { ChildReport } from "../agent/delegation-feature.ts";
import type { Address } from "../channels/channel.ts";
import type { Entry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { HistoryItem } from "../core/history.ts";
import type { Comparison } from "../core/reconcile.ts";
import type { Bindings } from "../env.ts";
import { problemResponse } from "../http/problem.ts";
import type { Notice } from "../observe/telemetry.ts";
import type { GivenSignal, TakenSignal } from "../tools/steps/feature.ts";
import type { TranscriptHit } from "../tools/tool.ts";
import type { Encoders } from "../wire/manner.ts";
import type { SessionSummary } from "../wire/native.ts";
import { retryDelivery } from "./deliver/retry-delivery.ts";
import { type AliveSession, mustKeepAgent, SessionLifecycle } from "./lifecycle.ts";
import { durableOf, type OpenSession } from "./open-session.ts";
import { type AnswerPart, type FoundAnswer, findAnswer, withdraw } from "./read/answer-request.ts";
import { readEvents } from "./read/event-stream.ts";
import { type PastRequest, type PrefixReport, pastRequest, prefixReport, turnTrace } from "./read/past-request.ts";
import { comparedWith } from "./read/reconcile.ts";
import { mustBeTagged, tokenTag } from "./read/session-tag.ts";
import { type ShownEntry, shownEntries, type UiHistory, uiHistory } from "./read/shown-entries.ts";
import type { SessionDetails } from "./read/summarize.ts";
import { waitForEnd } from "./read/wait-for-end.ts";
import { type Refusable, refusable } from "./refusal.ts";
import { refusedHeader, sessionMethods, submitVersion } from "./session-methods.ts";
import type { CopiedPart, Copying, CopyingClass, CopyStep } from "./store/copying.ts";
import type { LogRange } from "./store/entry-tail.ts";
import type { Feedback, FeedbackStore } from "./store/feedback.ts";
import type { Receipt } from "./store/inbox.ts";
import type { SessionAddress, SessionChoices } from "./store/session-record.ts";
import { pageUnits } from "./store/transcript-log.ts";
import { hideEntry, withdrawnNames } from "./store/withdraw.ts";
import { type Answers, givenBefore, replyAt } from "./submit/asking-reply.ts";
import type { Submission, Submitted } from "./submit/submit-rows.ts";
import { takeFeedback } from "./submit/take-feedback.ts";
import { addHistory, submit, takeNotice } from "./submit.ts";
import type { TurnState } from "./turn/turns.ts";

/** `copying`: brought by the doors that make sessions from entries. */
type SessionSetup = { app: App; copying: CopyingClass | undefined };

export class Session extends DurableObject<Bindings> {
  readonly #app: App;
  readonly #lifecycle: SessionLifecycle;
  readonly #copying: Copying | undefined;
  readonly #encoders: Encoders;

  constructor(ctx: DurableObjectState, bindings: Bindings, { app, copying }: SessionSetup) {
    super(ctx, bindings);
    this.#app = app;
    this.#encoders = app.encoders;
    this.#lifecycle = new SessionLifecycle(ctx, bindings, app);
    this.#copying = copying && new copying(ctx.storage);
  }

  /** Makes the session, or leaves an existing one as it is. */
  create(
    address: SessionAddress,
    choices: SessionChoices,
  ): Promise<Outcome<{ created: boolean; session: SessionSummary }>> {
    return outcome(async () => {
      await this.#lifecycle.settled();
      const found = this.#lifecycle.ifAlive;
      if (found !== undefined) mustKeepAgent(found.agent, choices.agent);
      const { work } = found ?? this.#create(address, choices);
      if (found === undefined) await work.report();
      return { created: found === undefined, session: await work.summary() };
    });
  }

  /** What a token of this session must say to be valid; empty in a session of an earlier version that has withdrawn none. */
  tokenTag(): Promise<Outcome<string>> {
    return outcome(() => tokenTag(this.#session.record.read()));
  }

  /** No token that was made before is valid from now on. */
  withdrawTokens(): Promise<Outcome<void>> {
    return this.#write(({ record }) => record.withdrawTokens());
  }

  describe(): Promise<Outcome<SessionSummary & SessionDetails>> {
    return outcome(async () => {
      const summary = await this.#lifecycle.alive.work.summary();
      const { record, inbox } = this.#session;
      const { instructions, model: chosenModel, birth } = record.read();
      return { ...summary, instructions, chosenModel, birth, queued: inbox.queued() };
    });
  }

  /** Name of the session's agent. */
  agent(): Promise<Outcome<string>> {
    return outcome(() => this.#lifecycle.alive.agent.name);
  }

  /** Whether the session exists, once what is being made or erased here is. */
  async isMade(): Promise<boolean> {
    await this.#lifecycle.settled();
    await this.#copying?.settled();
    return this.#lifecycle.ifAlive !== undefined;
  }

  change(changes: { title?: string | null; metadata?: Record<string, string> }): Promise<Outcome<SessionSummary>> {
    return outcome(async () => {
      const { session, work } = this.#lifecycle.alive;
      session.record.change(changes);
      await work.report();
      return work.summary();
    });
  }

  /**
   * The one way in: messages, approvals, results, and the history that a client believes in. Takes all of it in one
   * transaction, or refuses it with a code and the facts; the same again is taken once. `isStreamed`: see `submit`.
   */
  submit(address: SessionAddress, submission: Submission, { isStreamed = false } = {}): Promise<Refusable<Submitted>> {
    const target = {
      lifecycle: this.#lifecycle,
      app: this.#app,
      bindings: this.env,
      create: (to: SessionAddress, choices: SessionChoices) => this.#create(to, choices),
      hold: (work: Promise<void>) => this.ctx.waitUntil(work),
    };
    return refusable(() => submit(target, address, { ...submission, isStreamed }));
  }

  /** Where a request was taken before: by its receipt, or since exactly these answers were given to the reply at `place`; null where it was not. Refuses a receipt whose body was another. */
  taken(
    receipt: Receipt,
    { place, answers }: { place: AnswerPart; answers: Answers },
  ): Promise<Refusable<AnswerPart | null>> {
    return refusable(() => {
      const { turns, log, inbox } = this.#session;
      const asking = replyAt({ turns }, place);
      return turns.taken(receipt) ?? (asking && givenBefore({ log, inbox }, asking, answers)) ?? null;
    });
  }

  /** Tries a delivery again that was given up. */
  retryDelivery(id: string): Promise<Outcome<{ turn: string }>> {
    return this.#write((session) => ({ turn: retryDelivery(session, id) }));
  }

  /** The request of the answer that begins there; `not_found` where none begins, or once it was withdrawn under `name`. */
  asked(place: AnswerPart, name: string): Promise<Outcome<FoundAnswer>> {
    return outcome(() => findAnswer(this.#session, place, name));
  }

  /** Adds messages of a conversation from elsewhere, as turns that have ended; `model`: recorded as the model of its answers. */
  addHistory(items: HistoryItem[], model: string): Promise<Outcome<{ firstSeq: number }>> {
    return outcome(async () => {
      const { session, work, agent } = this.#lifecycle.alive;
      const { storage, log, feed } = session;
      this.#app.agents.mustBeThere(agent);
      const added = storage.transactionSync(() => addHistory(session, items, model));
      await storage.sync();
      feed.confirm(log.lastSeq);
      await work.report();
      return added;
    });
  }

  /** The model is not shown entry `seq` any more, and its items, of these names, are not found. The transcript keeps it. */
  hide(seq: number, names: string[]): Promise<Outcome<void>> {
    return this.#write(({ inbox, log, window }) => {
      hideEntry({ inbox, log }, seq, names);
      window.hide();
    });
  }

  /** Those of the names that were withdrawn. */
  withdrawn(names: string[]): Promise<Outcome<string[]>> {
    return outcome(() => withdrawnNames(this.#session, names));
  }

  /** The answer cannot be asked for any more under this name; its entries stay. */
  withdraw(place: AnswerPart, name: string): Promise<Outcome<{ isAll: boolean }>> {
    return this.#write((session) => withdraw(session, place, name));
  }

  /** Whether the transcript ends with this history, by the digests of its items. */
  compare(history: string[]): Promise<Outcome<Comparison>> {
    return outcome(() => comparedWith(this.#session, history));
  }

  wait(turn: string, timeoutMs: number, untilRest?: boolean): Promise<Outcome<TurnState>> {
    return outcome(async () => {
      const state = await waitForEnd(this.#session, turn, { timeoutMs, untilRest });
      const feedback = state.status === "ended" ? this.#session.feedback.of(turn) : undefined;
      return feedback === undefined ? state : { ...state, feedback };
    });
  }

  /** A person's feedback on a turn's answer, in place of the earlier one. `tag`: as for `cancel`. */
  giveFeedback(turn: string, given: Feedback, tag?: string): Promise<Outcome<null>> {
    const taken = this.#write((session) => takeFeedback(session, { turn, feedback: given, tag }));
    const report = async () => {
      await taken;
      await this.#lifecycle.ifAlive?.work.report();
      this.#lifecycle.ifAlive?.work.arm();
    };
    this.ctx.waitUntil(report());
    return taken;
  }

  /** Has a notice delivered that no model wrote, by the outbox, and once for each `id`. */
  notify(notice: Notice): Promise<Outcome<{ turn: string }>> {
    return this.#write((session) => ({ turn: takeNotice(session, notice) }));
  }

  /** A child of this session reports the state of the call that it works for. */
  fromChild(report: ChildReport): Promise<Outcome<"taken" | "gone">> {
    return outcome(() => this.#lifecycle.children?.report(report) ?? "gone");
  }

  /** Gives a signal to the step that waits for it; see `takeSignal`. What is acknowledged is on disk. */
  signal(given: GivenSignal): Promise<Outcome<TakenSignal>> {
    return this.#write((session) => durableOf(session).takeSignal(given, Date.now()));
  }

  /** How the newest turn is, and where it is answered; null in a session that has none. */
  newest(): Promise<Outcome<{ turn: string; state: TurnState; replyTo?: Address | undefined } | null>> {
    return outcome(() => {
      const { log, turns, outbox } = this.#session;
      const { turn } = log.last ?? {};
      const state = turn && turns.state(turn);
      return turn && state ? { turn, state, replyTo: outbox.addressOf(turn) } : null;
    });
  }

  /** Asks the open turn, or the named one, to end, and returns it; null when it had ended, or none was open. `tag`: of the session that is meant (`sessionTag`); `not_found` where this is another one of its name. */
  cancel(turn?: string, tag?: string): Promise<Outcome<{ turn: string | null }>> {
    return outcome(() => {
      const { session, work } = this.#lifecycle.alive;
      mustBeTagged(session.record.read(), tag);
      return { turn: work.stop(turn) };
    });
  }

  /** `lean`: without the tools of messages. `rated`: with the feedback to turns that end among them, and after which entry. */
  entries(
    range: LogRange & { lean?: boolean; rated?: boolean },
  ): Promise<Outcome<{ entries: Entry[]; lastSeq: number; ratings?: ReturnType<FeedbackStore["among"]> }>> {
    return outcome(() => {
      const { log, feedback } = this.#session;
      const entries = log.read({ ...range, maxUnits: Math.min(range.maxUnits ?? pageUnits, pageUnits) });
      // They may be a megabyte, and an answer has no use for them.
      const shown = entries.map((entry) =>
        range.lean && entry.type === "user" ? { ...entry, options: { ...entry.options, tools: [] } } : entry,
      );
      const { lastSeq } = log;
      return { entries: shown, lastSeq, ...(range.rated && { ratings: feedback.among(entries, lastSeq) }) };
    });
  }

  /** The same for a list that clients read: a damaged row is shown as broken. */
  shownEntries(range: { after: number; limit: number }): Promise<Outcome<{ entries: ShownEntry[]; lastSeq: number }>> {
    return outcome(() => ({ entries: shownEntries(this.#session.log, range), lastSeq: this.#session.log.lastSeq }));
  }

  /** Where a list of UI messages begins, and what belongs to it beside entries. */
  uiHistory(): Promise<Outcome<UiHistory>> {
    return outcome(() => uiHistory(this.#session));
  }

  /** Erases everything the session has, here and in the account's index, and returns how much that was. */
  erase(address?: SessionAddress): Promise<Outcome<{ entries: number; bytes: number }>> {
    return outcome(() => (this.#copying?.isLeft ? this.#copying.erase() : this.#lifecycle.erase(address)));
  }

  /** Makes this session from entries of another one or of an import, page by page. It exists, and is returned, once the last step is done. */
  copy(step: CopyStep): Promise<Outcome<SessionSummary | undefined>> {
    return outcome(async () => {
      await this.#lifecycle.settled();
      const made = this.#lifecycle.ifAlive;
      const copies = this.#copies;
      if (made) copies.mustHaveMade(made.session.inbox, step);
      if (made) return made.work.summary();
      if (!copies.do(copies.withAgent(step, this.#app.agents))) return undefined;
      const { work } = this.#lifecycle.open();
      work.start();
      await work.report();
      return work.summary();
    });
  }

  /** Writes a part of the text of a copy's next entry; committed before the next part comes. */
  copyPart(part: CopiedPart): Promise<Outcome<void>> {
    return outcome(() => this.#copies.stage(part));
  }

  search(query: string, limit: number): Promise<Outcome<TranscriptHit[]>> {
    return outcome(() => this.#session.search.find(query, { limit, beforeSeq: Number.MAX_SAFE_INTEGER }));
  }

  /** The request that entry `seq` answered. */
  request(seq: number): Promise<Outcome<PastRequest>> {
    return outcome(() => {
      const { session, agent, version } = this.#lifecycle.alive;
      this.#app.agents.mustBeThere(agent);
      const { settings, remoteTools, schemas } = this.#app;
      return pastRequest(session, { agent, version, settings, remoteTools, schemas, bindings: this.env }, seq);
    });
  }

  /** The trace of a turn, as an OTLP request in JSON. */
  trace(turn: string): Promise<Outcome<string>> {
    return outcome(() => turnTrace(this.#session, turn));
  }

  prefix(limit: number): Promise<Outcome<PrefixReport>> {
    return outcome(() => prefixReport(this.#session, limit));
  }

  /** How the Worker calls the methods above; see `serveCall`. */
  call(version: number, method: string, args: unknown[]): unknown {
    return serveCall(this, sessionMethods, { version, method, args });
  }

  /** `GET /events?after&live&turn`: the stream. `POST /submit` with the same query: that of the turn which answers. Everything else comes by RPC; a stream is relayed faster by `fetch`. */
  override async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const isSubmission = request.method === "POST";
    if (Number(query.get("v") ?? 1) > (isSubmission ? submitVersion : rpcVersion))
      return problemResponse(unavailable("new_version"));
    if (isSubmission) {
      const { address, submission } = (await request.json()) as { address: SessionAddress; submission: Submission };
      const taken = await this.submit(address, submission, { isStreamed: true });
      if (!taken.ok || taken.value.type !== "accepted")
        return Response.json(taken, { headers: { [refusedHeader]: "true" } });
      query.set("turn", taken.value.turn);
    }
    return this.#stream(query);
  }

  async #stream(query: URLSearchParams): Promise<Response> {
    // The session may be gone by the time that the reader hangs up: there is nothing to stop.
    const stop = (turn: string | undefined) => void this.#lifecycle.ifAlive?.work.stop(turn);
    const read = await outcome(() => readEvents(this.#session, query, { encoders: this.#encoders, stop }));
    return read.ok ? read.value : problemResponse(refusalOf(read));
  }

  /** Watchdog, deliveries and expiry. Cloudflare drops an alarm that fails six times, so it throws only when it cannot even be set again. */
  override async alarm(): Promise<void> {
    try {
      if (this.#copying?.isLeft) await this.#copying.sweep();
      else await this.#lifecycle.alarm();
    } catch (error) {
      console.error("alarm failed", error);
      // Should even this fail, the runtime tries the alarm again.
      if ((await this.ctx.storage.getAlarm()) === null) this.#lifecycle.armAgain();
    }
  }

  /** The session that is alive; throws where there is none, or it cannot be read. */
  get #session(): OpenSession {
    return this.#lifecycle.alive.session;
  }

  get #copies(): Copying {
    if (this.#copying !== undefined) return this.#copying;
    // Where no door makes copies, only a Worker of another version sends their steps.
    throw unavailable("new_version");
  }

  #create(address: SessionAddress, choices: SessionChoices): AliveSession {
    if (this.#copying?.busy) throw new AppError("conflict", `The session "${address.name}" is being made just now.`);
    return this.#lifecycle.create(address, choices);
  }

  /** Acknowledged once it is on disk; the work goes on from there. */
  #write<T>(write: (session: OpenSession) => T): Promise<Outcome<T>> {
    return outcome(async () => {
      const { session, work } = this.#lifecycle.alive;
      const written = session.storage.transactionSync(() => write(session));
      const { lastSeq } = session.log;
      work.start();
      await session.storage.sync();
      session.feed.confirm(lastSeq);
      return written;
    });
  }
}

/** The class of an app's sessions. Cloudflare makes its objects with a context and bindings alone, so the app is closed over. */
export type SessionClass = new (ctx: DurableObjectState, bindings: Bindings) => Session;

/** What the Worker's module exports as `Session`. */
export function sessionClass(parts: SessionSetup): SessionClass {
  return class extends Session {
    constructor(ctx: DurableObjectState, bindings: Bindings) {
      super(ctx, bindings, parts);
    }
  };
}

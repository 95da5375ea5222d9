/** The Durable Object of a session: takes calls, checks them against the rows, writes, and has the work done. What a turn does is decided in core. */
import { DurableObject } from "cloudflare:workers";
import { rpcVersion, serveCall, unavailable } from "../account/call-object.ts";
import { type Outcome, outcome, refusalOf } from "../account/outcome.ts";
import type { App } from "../agent/app.ts";
import type { Address } from "../channels/channel.ts";
import type { Entry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { HistoryItem } from "../core/history.ts";
import type { Comparison } from "../core/retold.ts";
import type { Bindings } from "../env.ts";
import { problemResponse } from "../http/problem.ts";
import type { Notice } from "../observe/telemetry.ts";
import type { TranscriptHit } from "../tools/tool.ts";
import type { Encoders } from "../wire/manner.ts";
import type { SessionSummary } from "../wire/native.ts";
import { retryDelivery } from "./deliver/retry-delivery.ts";
import { SessionLife } from "./lifecycle.ts";
import type { AnswerPart } from "./read/asked-for.ts";
import { readEvents } from "./read/event-stream.ts";
import { type FoundAnswer, findAnswer, withdraw } from "./read/find-answer.ts";
import { type PastRequest, type PrefixReport, prefixReport } from "./read/past-request.ts";
import { mustBeTagged, tokenTag } from "./read/session-tag.ts";
import { type ShownEntry, shownEntries, type UiHistory, uiHistory } from "./read/shown-entries.ts";
import type { SessionDetails } from "./read/summarize.ts";
import { turnTrace } from "./read/turn-trace.ts";
import { waitForEnd } from "./read/wait-for-end.ts";
import { sessionMethods } from "./session-object.ts";
import type { SessionParts } from "./session-parts.ts";
import { Copying, type CopyStep } from "./store/copying.ts";
import type { Feedback } from "./store/feedback.ts";
import type { InboxMessage, Receipt } from "./store/inbox.ts";
import type { SessionAddress, SessionChoices } from "./store/session-record.ts";
import { pageUnits } from "./store/transcript-log.ts";
import { hideEntry, withdrawnNames } from "./store/withdraw.ts";
import { type Answers, type ClientResult, givenBefore, replyAt } from "./submit/answered.ts";
import {
  type ApprovalAnswer,
  answerApproval,
  callByRef,
  type MixedAnswers,
  shownCallOf,
  takeMixed,
  takeResults,
} from "./submit/answering.ts";
import { type AgainWith, takenOrAgain, untilStopped } from "./submit/ask-again.ts";
import { type GoOn, goOn, type WentOn } from "./submit/go-on.ts";
import { takeFeedback } from "./submit/take-feedback.ts";
import { takeNotice } from "./submit/take-notice.ts";
import { addHistory, takeIn } from "./submit.ts";
import type { SendRequest, TurnState } from "./turn/turns.ts";

export class Session extends DurableObject<Bindings> {
  readonly #life: SessionLife;
  readonly #copying: Copying;
  readonly #encoders: Encoders;

  constructor(ctx: DurableObjectState, bindings: Bindings, app: App) {
    super(ctx, bindings);
    this.#encoders = app.encoders;
    this.#life = new SessionLife(ctx, bindings, app);
    this.#copying = new Copying(ctx.storage);
  }

  /** Makes the session, or leaves an existing one as it is. */
  create(
    address: SessionAddress,
    choices: SessionChoices,
  ): Promise<Outcome<{ created: boolean; session: SessionSummary }>> {
    return outcome(async () => {
      await this.#life.settled();
      const created = this.#life.parts === undefined;
      if (!created) this.#life.mustKeepAgent(choices.agent);
      if (created) {
        this.#create(address, choices);
        await this.#life.report();
      }
      return { created, session: await this.#life.summary() };
    });
  }

  /** What a token of this session must say to be valid; empty in a session of an earlier version that has withdrawn none. */
  tokenTag(): Promise<Outcome<string>> {
    return outcome(() => tokenTag(this.#life.existing.record.read()));
  }

  /** No token that was made before is valid from now on. */
  withdrawTokens(): Promise<Outcome<void>> {
    return this.#answer(({ record }) => record.withdrawTokens());
  }

  describe(): Promise<Outcome<SessionSummary & SessionDetails>> {
    return outcome(async () => {
      const summary = await this.#life.summary();
      const { record, inbox } = this.#life.existing;
      const { instructions, model: chosenModel, birth } = record.read();
      return { ...summary, instructions, chosenModel, birth, queued: inbox.queued() };
    });
  }

  /** Name of the session's agent. */
  agent(): Promise<Outcome<string>> {
    return outcome(() => this.#life.agent.name);
  }

  /** Whether the session exists, once what is being made or erased here is. */
  async isMade(): Promise<boolean> {
    await this.#life.settled();
    await this.#copying.settled();
    return this.#life.parts !== undefined;
  }

  change(changes: { title?: string | null; metadata?: Record<string, string> }): Promise<Outcome<SessionSummary>> {
    return outcome(async () => {
      this.#life.existing.record.change(changes);
      await this.#life.report();
      return this.#life.summary();
    });
  }

  /** Accepts a message in one transaction and returns its turn; the same message again returns the same turn. `isStreamed`: the answer begins at once, and a new session is listed a moment later. */
  send(
    address: SessionAddress,
    request: SendRequest,
    { isStreamed = false } = {},
  ): Promise<Outcome<{ turn: string; repeated: boolean; state: TurnState }>> {
    return outcome(async () => {
      await this.#life.settled();
      const isNew = this.#life.parts === undefined;
      if (request.mustExist) void this.#life.existing;
      if (isNew && !request.beginsAnew) await this.#life.refuseErased(address);
      if (!isNew) this.#life.mustTake(request);
      this.#life.mustBeAllowed(request.message.options, request.models, request.choices);
      if (isNew) this.#create(address, request.choices ?? {});
      await this.#life.version?.choose(request.message.speaker);
      const parts = this.#life.existing;
      const { turn, repeated } = takeIn(parts, request);
      const { open } = parts.turns;
      if (open?.stop !== undefined) this.#life.abort(open.turn);
      this.#life.work();
      const listed = isNew ? this.#life.report() : undefined;
      if (isStreamed && listed !== undefined) this.ctx.waitUntil(listed);
      else await listed;
      return { turn, repeated, state: parts.turns.state(turn) ?? { status: "queued" } };
    });
  }

  /** A person's yes or no about a call; once. Returns the turn that goes on. */
  approve(callId: string, answer: ApprovalAnswer, digest?: string): Promise<Outcome<{ turn: string }>> {
    return this.#takeAnswer((parts) => ({ turn: answerApproval(parts, shownCallOf(parts, callId, digest), answer) }));
  }

  /** The same by a button, which names the call by its ref, and may bring a newer way to answer the turn. */
  press(
    { fresh, ...of }: { ref: string; digest?: string; fresh?: Address },
    answer: ApprovalAnswer,
  ): Promise<Outcome<{ turn: string }>> {
    return this.#takeAnswer((parts) => {
      const turn = answerApproval(parts, callByRef(parts, of), answer);
      if (fresh !== undefined) parts.outbox.freshen(turn, fresh);
      return { turn };
    });
  }

  /** Tries a delivery again that was given up. */
  retryDelivery(id: string): Promise<Outcome<{ turn: string }>> {
    return this.#answer((parts) => ({ turn: retryDelivery(parts, id) }));
  }

  /** The results of tools that ran at the client, all of them or none, with messages that come along, and what the turn goes by from here on. Returns the turn that goes on, and the last entry before it does. */
  giveResults(
    results: ClientResult[],
    { again, ...more }: { also?: InboxMessage[]; receipt?: Receipt; again?: AgainWith } = {},
  ): Promise<Outcome<AnswerPart>> {
    return this.#takeAnswer((parts) => {
      const taken = takeResults(parts, results, { ...more, ...(again && { again }) });
      if (again !== undefined) parts.inbox.changeOptions(taken.turn, again.options);
      return taken;
    });
  }

  /** Answers about the calls of one reply, of which some may have been given before; see `takeMixed`. */
  giveAnswers(answers: MixedAnswers): Promise<Outcome<{ turn: string; afterSeq: number }>> {
    return this.#takeAnswer((parts) => takeMixed(parts, answers));
  }

  /** What a request with this receipt came to before; null when there was none. Throws when its body was another. `again`: its turn is begun anew, with these, where it ended without an answer. */
  async taken(receipt: Receipt, again?: AgainWith): Promise<Outcome<AnswerPart | null>> {
    if (again === undefined) return outcome(() => this.#life.existing.turns.taken(receipt) ?? null);
    await outcome(() => untilStopped(this.#life.existing, receipt));
    await this.#life.version?.choose(undefined);
    return this.#answer((parts) => takenOrAgain(parts, receipt, again));
  }

  /** Where the turn goes on behind exactly these answers to the reply at `place`; null when others were given. */
  givenBefore(place: AnswerPart, answers: Answers): Promise<Outcome<AnswerPart | null>> {
    return outcome(() => {
      const asking = replyAt(this.#life.existing, place);
      return (asking && givenBefore(this.#life.existing, asking, answers)) ?? null;
    });
  }

  /** Answers every call that waits, or begins a turn; see `GoOn`. */
  async goOn(request: GoOn): Promise<Outcome<WentOn>> {
    await this.#life.version?.choose(request.messages[0]?.speaker);
    return this.#answer((parts) => {
      this.#life.mustTake(request);
      this.#life.mustBeAllowed(request.options, request.models);
      return goOn(parts, request);
    });
  }

  /** What the answer that begins there was asked for with; `not_found` where none begins, or once it was withdrawn under `name`. */
  asked(place: AnswerPart, name: string): Promise<Outcome<FoundAnswer>> {
    return outcome(() => findAnswer(this.#life.existing, place, name));
  }

  /** Adds what was said elsewhere, as turns that have ended; `model`: what its answers are said to come from. */
  addHistory(items: HistoryItem[], model: string): Promise<Outcome<{ firstSeq: number }>> {
    return outcome(async () => {
      const { storage, log, feed } = this.#life.existing;
      this.#life.mustHaveAgent();
      const added = storage.transactionSync(() => addHistory(this.#life.existing, items, model));
      await storage.sync();
      feed.confirm(log.lastSeq);
      await this.#life.report();
      return added;
    });
  }

  /** The model is not shown entry `seq` any more, and its items, of these names, are not found. The transcript keeps it. */
  hide(seq: number, names: string[]): Promise<Outcome<void>> {
    return this.#answer((parts) => {
      hideEntry(parts, seq, names);
      parts.conversation.forget();
    });
  }

  /** Those of the names that were taken away from what they named. */
  withdrawn(names: string[]): Promise<Outcome<string[]>> {
    return outcome(() => withdrawnNames(this.#life.existing, names));
  }

  /** The answer cannot be asked for any more under this name; what was said stays. */
  withdraw(place: AnswerPart, name: string): Promise<Outcome<{ isAll: boolean }>> {
    return this.#answer((parts) => withdraw(parts, place, name));
  }

  /** Whether the conversation as a client tells it, by the digests of its items, is the one in the transcript. */
  compare(told: string[], how = { lacksAnswer: false }): Promise<Outcome<Comparison>> {
    return outcome(() => this.#life.existing.retelling.compare(told, how));
  }

  wait(turn: string, timeoutMs: number): Promise<Outcome<TurnState>> {
    return outcome(async () => {
      const state = await waitForEnd(this.#life.existing, turn, timeoutMs);
      const feedback = state.status === "ended" ? this.#life.existing.feedback.of(turn) : undefined;
      return feedback === undefined ? state : { ...state, feedback };
    });
  }

  /** What a person thinks of a turn's answer; in place of what was said of it before. `tag`: as for `cancel`. */
  giveFeedback(turn: string, feedback: Feedback, tag?: string): Promise<Outcome<null>> {
    const given = this.#answer((parts) => takeFeedback(parts, { turn, feedback, tag }));
    this.ctx.waitUntil(given.then(() => this.#life.report()).then(() => this.#life.arm()));
    return given;
  }

  /** Has a notice delivered that no model wrote, by the outbox, and once for each `id`. */
  notify(notice: Notice): Promise<Outcome<{ turn: string }>> {
    return this.#answer((parts) => ({ turn: takeNotice(parts, notice) }));
  }

  /** How the newest turn stands; null in a session that has none. */
  newest(): Promise<Outcome<{ turn: string; state: TurnState } | null>> {
    return outcome(() => {
      const { log, turns } = this.#life.existing;
      const turn = log.last?.turn;
      const state = turn === undefined ? undefined : turns.state(turn);
      return turn === undefined || state === undefined ? null : { turn, state };
    });
  }

  /** Asks the open turn, or the named one, to end, and returns it; null when it had ended, or none was open. `tag`: of the session that is meant (`sessionTag`); `not_found` where this is another one of its name. */
  cancel(turn?: string, tag?: string): Promise<Outcome<{ turn: string | null }>> {
    return outcome(() => {
      mustBeTagged(this.#life.existing.record.read(), tag);
      return { turn: this.#life.stop(turn) };
    });
  }

  entries(range: { after: number; limit: number }): Promise<Outcome<{ entries: Entry[]; lastSeq: number }>> {
    return outcome(() => {
      const { log } = this.#life.existing;
      return { entries: log.read({ ...range, maxUnits: pageUnits }), lastSeq: log.lastSeq };
    });
  }

  /** The same for a list that clients read: a damaged row is shown as broken. */
  shownEntries(range: { after: number; limit: number }): Promise<Outcome<{ entries: ShownEntry[]; lastSeq: number }>> {
    return outcome(() => {
      const { log } = this.#life.existing;
      return { entries: shownEntries(this.#life.existing, range), lastSeq: log.lastSeq };
    });
  }

  /** Where a list of UI messages begins, and what belongs to it beside entries. */
  uiHistory(): Promise<Outcome<UiHistory>> {
    return outcome(() => uiHistory(this.#life.existing));
  }

  /** Erases everything the session has, here and in the account's index, and tells how much that was. */
  erase(address?: SessionAddress): Promise<Outcome<{ entries: number; bytes: number }>> {
    return outcome(() => (this.#copying.isLeft ? this.#copying.erase() : this.#life.erase(address)));
  }

  /** Makes this session from entries of another one or of an import, page by page. It exists, and is returned, once the last step is done. */
  copy(step: CopyStep): Promise<Outcome<SessionSummary | undefined>> {
    return outcome(async () => {
      await this.#life.settled();
      if (this.#life.parts !== undefined) throw new AppError("conflict", "There is a session with this id already.");
      if (!this.#copying.do(this.#life.withAgent(step))) return undefined;
      this.#life.open();
      this.#life.work();
      await this.#life.report();
      return this.#life.summary();
    });
  }

  search(query: string, limit: number): Promise<Outcome<TranscriptHit[]>> {
    return outcome(() => this.#life.existing.search.find(query, { limit, beforeSeq: Number.MAX_SAFE_INTEGER }));
  }

  request(seq: number): Promise<Outcome<PastRequest>> {
    return outcome(() => this.#life.request(seq));
  }

  /** The trace of a turn, as an OTLP request in JSON. */
  trace(turn: string): Promise<Outcome<string>> {
    return outcome(() => turnTrace(this.#life.existing, turn));
  }

  prefix(limit: number): Promise<Outcome<PrefixReport>> {
    return outcome(() => prefixReport(this.#life.existing, limit));
  }

  /** How the Worker calls the methods above; see `serveCall`. */
  call(version: number, method: string, args: unknown[]): unknown {
    return serveCall(this, sessionMethods, { version, method, args });
  }

  /** `GET /events?after&live&turn`: the stream. Everything else comes by RPC; a stream is relayed faster by `fetch`. */
  override async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    if (Number(query.get("v") ?? 1) > rpcVersion) return problemResponse(unavailable("new_version"));
    const how = { encoders: this.#encoders, stop: (turn: string | undefined) => this.#hungUp(turn) };
    const read = await outcome(() => readEvents(this.#life.existing, query, how));
    return read.ok ? read.value : problemResponse(refusalOf(read));
  }

  /** Watchdog, deliveries and expiry. Cloudflare drops an alarm that fails six times, so it throws only when it cannot even be set again. */
  override async alarm(): Promise<void> {
    try {
      if (this.#copying.isLeft) await this.#copying.sweep();
      else await this.#life.alarm();
    } catch (error) {
      console.error("alarm failed", error);
      // Should even this fail, the runtime tries the alarm again.
      if ((await this.ctx.storage.getAlarm()) === null) this.#life.armAgain();
    }
  }

  /** The session may be gone by then: there is nothing to stop. */
  #hungUp(turn: string | undefined): void {
    if (this.#life.parts !== undefined) this.#life.stop(turn);
  }

  #create(address: SessionAddress, choices: SessionChoices): SessionParts {
    if (this.#copying.busy) throw new AppError("conflict", `The session "${address.name}" is being made just now.`);
    return this.#life.create(address, choices);
  }

  #takeAnswer<T>(take: (parts: SessionParts) => T): Promise<Outcome<T>> {
    return this.#answer((parts) => this.#life.mustHaveAgent() && take(parts));
  }

  /** Answers are acknowledged once they are on disk; the runner, or the watchdog, goes on from there. */
  #answer<T>(take: (parts: SessionParts) => T): Promise<Outcome<T>> {
    return outcome(async () => {
      const parts = this.#life.existing;
      const taken = parts.storage.transactionSync(() => take(parts));
      const { lastSeq } = parts.log;
      this.#life.work();
      await parts.storage.sync();
      parts.feed.confirm(lastSeq);
      return taken;
    });
  }
}

/** Does what the loop asks for: the one place where model, tools, log and feed meet. Decides nothing about the turn. */
import { Draft, type Said } from "../../core/assemble.ts";
import type { Shortage } from "../../core/budget-words.ts";
import { addUsage, costMicros, noUsage, worstCaseMicros } from "../../core/cost.ts";
import type { BegunStep, Cut, Effects, Spent, Streamed } from "../../core/effects.ts";
import type { AssistantEntry, CompactionCause, Entry, FailedTry, NewEntry } from "../../core/entry.ts";
import { estimatedUsage } from "../../core/estimate-usage.ts";
import { isSilent } from "../../core/event.ts";
import { worded } from "../../core/failure-words.ts";
import type { ToolCall, ToolResult } from "../../core/message.ts";
import type { ModelEvent } from "../../core/model-event.ts";
import type { Again, Effect, TurnView } from "../../core/next-step.ts";
import { firstEqual } from "../../core/settle-calls.ts";
import { openCalls } from "../../core/waits.ts";
import { textLimits } from "../../core/window.ts";
import { generate } from "../../model/client.ts";
import { hasPrice, pricesAt } from "../../model/profile.ts";
import { endpointOf } from "../../model/serialize.ts";
import { runTool } from "../../tools/run-tool.ts";
import type { SessionParts } from "../session-parts.ts";
import type { SavedDraft, SpentTries } from "../store/checkpoint.ts";
import { callContext } from "./call-context.ts";
import { namesOfHandedOut } from "./handed-out.ts";
import { pause } from "./pause.ts";
import { RequestWriter } from "./request-writer.ts";
import { stepRecords } from "./step-records.ts";
import { TurnAnswers } from "./turn-answers.ts";
import type { TurnContext } from "./turn-context.ts";
import { logEntries, oweAnswer } from "./turn-ended.ts";
import type { TurnModel } from "./turn-model.ts";

function begunBy(saved: Said | undefined) {
  return saved && { begun: { reasoning: saved.reasoning.length, text: saved.text.length } };
}

/** A session was erased under a running turn: nothing of it may be written any more. */
export class Erased extends Error {}

export class SessionEffects implements Effects {
  readonly #parts: SessionParts;
  readonly #of: TurnContext;
  readonly #requests: RequestWriter;
  readonly #answers: TurnAnswers;
  #model: TurnModel;
  /** The entry that was asked for last by this instance, in this turn: no crash cut its answer off. */
  #askedSeq = 0;

  constructor(parts: SessionParts, of: TurnContext) {
    this.#parts = parts;
    this.#of = of;
    this.#requests = new RequestWriter(parts, { ...of, options: of.turn.message.options });
    this.#answers = new TurnAnswers(parts, of);
    this.#model = of.models[0];
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }

  get isSpent(): boolean {
    return this.#of.subrequests.isSpent;
  }

  now(): number {
    return Date.now();
  }

  look(): TurnView {
    this.#mustLive();
    const { turns, inbox, log, checkpoint, intents } = this.#parts;
    const { turn, firstSeq } = this.#of.turn;
    const entries = turns.entries(firstSeq);
    const reply = entries.findLast((entry) => entry.type === "assistant");
    const stop = inbox.byTurn(turn)?.stop;
    const { ready, waiting, denied } = openCalls(entries);
    const runs = reply === undefined ? new Map<string, number>() : intents.of(reply.seq);
    const betweenSteps = ready.length + waiting.length + denied.length === 0;
    return {
      entries,
      ...(stop && { stop }),
      barren: checkpoint.barren(log.lastSeq + 1),
      intents: new Set(runs.keys()),
      runs,
      joining: inbox.isJoined(turn),
      windowFull: betweenSteps && this.#requests.isFull(this.#model.profile),
      nowMs: Date.now(),
      place: this.#model.place,
      down: this.#parts.heartbeat.down(turn),
    };
  }

  /** Reads a long conversation in pieces, so that the first look at it takes no time. */
  async readAhead(): Promise<void> {
    await this.#requests.readAhead(this.#model.profile, () => this.#parts.feed.closed);
    this.#mustLive();
  }

  async afford(): Promise<boolean | Shortage> {
    this.#mustLive();
    const { profile, place } = this.#model;
    const seq = this.#parts.log.lastSeq + 1;
    // Never counted as 0 in silence: a budget would not hold.
    if (!hasPrice(profile)) return (await this.#of.purse.isLimited()) ? { unpriced: place } : true;
    const worst = () => worstCaseMicros(this.#requests.most(profile), pricesAt(profile, Date.now()));
    return this.#of.purse.reserve(seq, worst);
  }

  async beginStep(
    { turn, step }: { turn: string; step: number },
    again?: Again,
    before?: { failed: FailedTry; spent: Spent },
  ): Promise<BegunStep> {
    this.#mustLive();
    const { log, storage, record, learned } = this.#parts;
    const seq = log.lastSeq + 1;
    const crashed = again === undefined ? this.#crashed(seq) : undefined;
    if (again?.model !== undefined) {
      this.#model = this.#of.models.find(({ profile }) => profile.id === again.model) ?? this.#model;
      // The session stays with the model that took over: going back and forth would lose a warm cache each time.
      record.stickTo(again.model);
    }
    if (again?.change !== undefined) learned.learn(this.#model.profile, again.change);
    const { profile, place } = this.#model;
    const begun = again === undefined ? this.#goOn(seq) : undefined;
    const spent = before === undefined ? crashed : { ...before.spent, tries: [] };
    const attempt = this.#beginTry(seq, { turn, step, again }, spent);
    const prefix = this.#requests.prefix(profile, Date.now());
    // Readers get ids that name this attempt: it must be on disk before the first of them leaves.
    await storage.sync();
    if (before !== undefined)
      console.warn("model call tried again", { ...before.failed, next: profile.id, how: again?.how });
    const because = before && { restartedBecause: before.failed.failure.detail };
    const sent = () =>
      this.#requests.sent(profile, { begun: begun?.text ?? "", expectedTokens: prefix.expectedTokens });
    const named = {
      seq,
      turn,
      step,
      attempt,
      prefix,
      model: profile.id,
      answeredIds: this.#parts.conversation.answeredIds,
      prices: pricesAt(profile, Date.now()),
      sent,
      place,
    };
    return { ...named, ...because, ...(begun && { begun }), ...(crashed && { crashed }) };
  }

  generate(draft: Draft): Streamed | Promise<Streamed> {
    return this.#generate(draft);
  }

  async #generate(draft: Draft): Promise<Streamed> {
    const begun = draft.text.toString();
    const body = this.#requests.next(this.#model.profile, { step: draft.of.step, begun });
    const known = await this.#answers.find(body);
    this.#askedSeq = draft.of.seq;
    if (known !== undefined) return [known];
    return this.#ask(body, draft, { isJson: this.#of.turn.message.options.responseFormat !== undefined, begun });
  }

  show(draft: Draft): void {
    if (this.#parts.feed.closed) return;
    this.#parts.feed.show(draft);
    this.#parts.checkpoint.save(draft, Date.now());
  }

  async runTool(call: ToolCall, place: { turn: string; step: number }): Promise<ToolResult> {
    const { agent, secrets } = this.#of;
    // Equal calls of one reply take effect once: they have one key.
    const keyOf = firstEqual(this.#reply()?.toolCalls ?? [], call);
    const context = await callContext(this.#parts, { ...this.#of, call, keyOf, place, profile: this.#model.profile });
    const approved = await this.#intend(call, agent.tools.effectOf(call.name));
    const { hooks } = agent;
    try {
      return await runTool(agent.tools, call, context, { hooks, approved, secrets });
    } finally {
      this.#parts.feed.progress.end(call.id);
    }
  }

  async append(entries: NewEntry[]): Promise<void> {
    this.#mustLive();
    const { log, storage, turns, record, counter, kvCount, search } = this.#parts;
    await this.#handOut(entries);
    const before = log.lastSeq;
    storage.transactionSync(() => {
      for (const entry of entries) {
        if (entry.type === "turn_ended") {
          log.append(turns.takeJoining(entry.turn, log.lastSeq, entry.atMs));
          oweAnswer(this.#parts, entry, this.#of.turn.firstSeq);
          // Its own row and the session's sums are still to be written.
          const ended = { ...entry, rowsWritten: counter.take() + 2, ...kvCount.take() };
          log.append([ended]);
          record.settle(ended);
          counter.take();
          continue;
        }
        this.#makeRoom(log.append([entry]));
        if (entry.type === "compaction") record.moveWindow(entry.throughSeq);
      }
    });
    for (const entry of entries) if (entry.type === "assistant") void this.#answers.keep(entry);
    for (const { seq, costMicros } of stepRecords(log.read({ after: before }))) this.#of.purse.settle(seq, costMicros);
    // What has left the window will be searched for; whatever is left of it is indexed then.
    for (const entry of entries) if (entry.type === "compaction") search.indexSome(entry.throughSeq);
    await this.#confirm();
    logEntries(this.#parts, this.#of, entries);
  }

  /** Before a client can send a result, its call is known in the account. */
  async #handOut(entries: readonly NewEntry[]): Promise<void> {
    const { firstSeq, message } = this.#of.turn;
    const mayBe = message.options.via !== undefined && entries.some(({ type }) => type === "assistant");
    if (!mayBe || this.#of.handOut === undefined) return;
    const names = namesOfHandedOut(entries, this.#parts.turns.entries(firstSeq), message.options);
    if (names.length === 0) return;
    await this.#of.handOut(names);
    this.#mustLive();
  }

  async takeIn(): Promise<void> {
    this.#mustLive();
    const { log, storage, turns, checkpoint } = this.#parts;
    const { turn } = this.#of.turn;
    const seq = log.lastSeq + 1;
    const crashed = seq === this.#askedSeq ? undefined : this.#crashed(seq);
    const { step, model } = this.#cutAt(seq);
    storage.transactionSync(() => {
      this.#makeRoom(log.append(turns.takeJoining(turn, log.lastSeq, Date.now())));
      if (crashed !== undefined) checkpoint.keepSpent(log.lastSeq + 1, { turn, step, model }, crashed);
    });
    await this.#confirm();
  }

  cutOff(): Omit<AssistantEntry, "seq"> | undefined {
    const { log, checkpoint } = this.#parts;
    const seq = log.lastSeq + 1;
    const crashed = seq === this.#askedSeq ? undefined : this.#crashed(seq);
    if (crashed === undefined) return undefined;
    const { step, model, ...said } = this.#cutAt(seq);
    // An attempt of its own: readers may have seen more of the old one than was saved.
    const attempt = checkpoint.nextAttempt(seq);
    const draft = new Draft({ seq, turn: this.#of.turn.turn, step, attempt, model }, said);
    const { prices } = this.#model.profile;
    const reply = draft.finish({ cancelled: true, prices, atMs: Date.now() }) as Omit<AssistantEntry, "seq">;
    const { tries, usage, costMicros } = crashed;
    return { ...reply, usage, costMicros, ...(tries.length > 1 && { tries: tries.slice(0, -1) }) };
  }

  nearlyFillsWindow(): boolean {
    return this.#requests.nearlyFills(this.#model.profile);
  }

  cut(why: CompactionCause): Cut | undefined {
    const { profile, place } = this.#model;
    const throughSeq = this.#requests.cut(profile, why);
    if (throughSeq === undefined) return undefined;
    const outline = () => this.#requests.outline(throughSeq);
    const sent = () => this.#requests.sentSummary(profile, throughSeq);
    const { log, checkpoint } = this.#parts;
    const seq = log.lastSeq + 1;
    // A call of this instance that came to its end is counted by who made it.
    const crashed = seq === this.#askedSeq ? undefined : this.#crashed(seq);
    const attempt = checkpoint.nextAttempt(seq);
    const { summaryChars } = textLimits(profile.contextTokens);
    const prices = pricesAt(profile, Date.now());
    const asked = { throughSeq, attempt, model: profile.id, prices, summaryChars, sent, place, outline };
    return { ...asked, ...(crashed && { crashed }) };
  }

  summarize({ throughSeq, crashed }: Cut, draft: Draft): AsyncIterable<ModelEvent[]> {
    const { profile } = this.#model;
    const { turn, step } = draft.of;
    // A crash in a summary is found like one in an answer, and booked with the next call.
    const seq = this.#parts.log.lastSeq + 1;
    this.#beginTry(seq, { turn, step, again: undefined }, crashed);
    this.#askedSeq = seq;
    return this.#ask(this.#requests.summary(profile, throughSeq), draft, { isJson: false, begun: "" });
  }

  pause(delayMs: number): Promise<void> {
    return pause(delayMs, this.signal);
  }

  chance(): number {
    return Math.random();
  }

  #ask(body: string, draft: Draft, answer: { isJson: boolean; begun: string }): AsyncIterable<ModelEvent[]> {
    const { profile, baseUrl, apiKey, fetch } = this.#model;
    const { signal, timeouts, subrequests } = this.#of;
    subrequests.count();
    const endpoint = endpointOf(this.#parts.learned.of(profile), baseUrl);
    const text = { leaksCalls: profile.leaksCalls, ...answer };
    const onBegan = () => draft.begin();
    return generate({ baseUrl: endpoint, apiKey, body, fetch, signal, timeouts, text, onBegan });
  }

  /** Records the try; what those before it cost outlives a crash in it. */
  #beginTry(
    seq: number,
    { turn, step, again }: { turn: string; step: number; again: Again | undefined },
    spent: SpentTries | undefined,
  ): number {
    const { checkpoint } = this.#parts;
    const isPaid =
      spent !== undefined && (spent.tries.length > 0 || spent.usage.inputTokens + spent.usage.cachedTokens > 0);
    const carried = isPaid ? { turn, step, model: this.#model.profile.id, reasoning: "", text: "", spent } : undefined;
    if (again?.how !== "continue") {
      return checkpoint.begin(seq, { atMs: Date.now(), again: again !== undefined }, carried);
    }
    const attempt = checkpoint.attempt(seq);
    const saved = checkpoint.saved(seq);
    if (carried !== undefined)
      checkpoint.carry(seq, { ...carried, attempt, ...saved, ...begunBy(saved), ...(spent && { spent }) });
    return attempt;
  }

  /** The reply that was being made as entry `seq`, as it was saved last. */
  #cutAt(seq: number): Pick<SavedDraft, "step" | "model"> & Said {
    const { checkpoint, turns } = this.#parts;
    const replies = turns
      .entries(this.#of.turn.firstSeq)
      .filter(({ type }) => type === "assistant" || type === "step_failed");
    const nothing = { step: replies.length + 1, model: this.#model.profile.id, reasoning: "", text: "" };
    return checkpoint.saved(seq) ?? nothing;
  }

  /** What tries of entry `seq` cost that a crash cut off: the request, and what was saved of the answer. The provider was asked, so the request is counted also where nothing was saved. */
  #crashed(seq: number): SpentTries | undefined {
    const { checkpoint } = this.#parts;
    const saved = checkpoint.saved(seq);
    if (!checkpoint.hasBegun(seq)) return saved?.spent;
    const at = this.#of.models.find(({ profile }) => profile.id === saved?.model) ?? this.#model;
    const { reasoning = "", text = "", begun = { reasoning: 0, text: 0 }, spent } = saved ?? {};
    const received = { reasoning: reasoning.slice(begun.reasoning), text: text.slice(begun.text), calls: "" };
    const request = { begun: text.slice(0, begun.text), expectedTokens: 0 };
    const usage = estimatedUsage(this.#requests.sent(at.profile, request), received);
    const failure = worded({ code: "model_truncated", cause: "crash", detail: "", retryable: true }, at.place);
    const before = spent ?? { usage: noUsage, costMicros: 0, tries: [] };
    const cost = costMicros(usage, pricesAt(at.profile, Date.now()));
    const crashed = {
      model: at.profile.id,
      failure,
      textChars: text.length,
      paid: true,
      usage,
      costMicros: cost,
    } as const;
    return {
      usage: addUsage(before.usage, usage),
      costMicros: before.costMicros + cost,
      tries: [...before.tries, crashed],
    };
  }

  /** What a crash left of the reply, where the model can go on behind it instead of being paid for it again. */
  #goOn(seq: number): Said | undefined {
    const { continuation } = this.#parts.learned.of(this.#model.profile);
    const saved = continuation ? this.#parts.checkpoint.saved(seq) : undefined;
    return saved === undefined || saved.text === "" ? undefined : saved;
  }

  /** On disk before the world hears of it. Returns whether a person has approved the call. */
  async #intend(call: ToolCall, effect: Effect): Promise<boolean> {
    this.#mustLive();
    const { turns, intents, storage } = this.#parts;
    const seq = this.#reply()?.seq ?? 0;
    const entries = turns.entries(this.#of.turn.firstSeq);
    const approval = entries.findLast((entry) => entry.type === "approval" && entry.callId === call.id);
    const readySeq = Math.max(seq, approval?.seq ?? 0);
    if (intents.begin({ seq, readySeq, callId: call.id, effect })) await storage.sync();
    return readySeq > seq;
  }

  /** The newest reply of the turn. */
  #reply(): AssistantEntry | undefined {
    const entries = this.#parts.turns.entries(this.#of.turn.firstSeq);
    return entries.findLast((entry) => entry.type === "assistant");
  }

  async #confirm(): Promise<void> {
    const { log, storage, feed } = this.#parts;
    const seq = log.lastSeq;
    await storage.sync();
    feed.confirm(seq);
  }

  /** A step that was begun where these stand now is answered behind them. */
  #makeRoom(entries: readonly Entry[]): void {
    for (const entry of entries) if (isSilent(entry)) this.#parts.checkpoint.makeRoom(entry.seq);
  }

  #mustLive(): void {
    if (this.#parts.feed.closed) throw new Erased("The session was erased while its turn was running.");
  }
}

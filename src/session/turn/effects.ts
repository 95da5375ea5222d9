/** Does what the loop asks for: the one place where model, tools, log and feed meet. Decides nothing about the turn. */

import type { SessionChildren } from "../../agent/delegation-feature.ts";
import { Draft } from "../../core/assemble.ts";
import type { Shortage } from "../../core/budget-words.ts";
import { worstCaseMicros } from "../../core/cost.ts";
import { sha256Hex } from "../../core/digest.ts";
import type { BegunStep, Cut, Effects, Spent, Streamed } from "../../core/effects.ts";
import type { AssistantEntry, CompactionCause, FailedTry, NewEntry } from "../../core/entry.ts";
import type { ToolCall, ToolResult } from "../../core/message.ts";
import type { ModelEvent } from "../../core/model-event.ts";
import type { Again, Effect, TurnView } from "../../core/next-step.ts";
import { firstEqual } from "../../core/settle-calls.ts";
import { openCalls } from "../../core/waits.ts";
import { textLimits } from "../../core/window.ts";
import { type GeneratedAnswer, generate } from "../../model/client.ts";
import { hasPrice, pricesAt } from "../../model/profile.ts";
import { endpointOf } from "../../model/serialize.ts";
import type { SessionTraces } from "../../observe/telemetry.ts";
import { runDurably } from "../../tools/run-tool.ts";
import type { SessionSteps } from "../../tools/steps/feature.ts";
import type { Toolbox } from "../../tools/tool.ts";
import type { Heartbeat } from "../store/heartbeat.ts";
import type { Inbox } from "../store/inbox.ts";
import type { Intents } from "../store/intents.ts";
import { pause } from "../wait.ts";
import { callContext } from "./call-context.ts";
import { CutTries } from "./cut-tries.ts";
import { namesOfHandedOut } from "./handed-out.ts";
import { type RequestSources, RequestWriter } from "./request-writer.ts";
import { stepRecords } from "./step-records.ts";
import { TurnAnswers } from "./turn-answers.ts";
import type { TurnContext } from "./turn-context.ts";
import { type JournalRows, logTurnEnd, TurnJournal } from "./turn-journal.ts";
import type { TurnModel } from "./turn-model.ts";

/** What a turn is read from, and the rows of its calls. */
export interface EffectsRows extends JournalRows, Omit<RequestSources, keyof JournalRows | "turns"> {
  inbox: Inbox;
  intents: Intents;
  heartbeat: Heartbeat;
  traces?: SessionTraces;
  /** Absent where the app has no durable steps. */
  durable?: SessionSteps | undefined;
  children?: SessionChildren;
}

/**
 * Whether the turn goes on while this entry is on its way to the disk: a reply without calls is written together with the end
 * that follows it, and a result together with the next try, which waits for both. The same goes for a reply whose calls change
 * nothing: where a crash loses it, the model is asked again. Calls with effects outside wait until their reply is on disk.
 */
function goesOnUnconfirmed(entry: NewEntry, { effectOf }: Pick<Toolbox, "effectOf">): boolean {
  if (entry.type === "tool") return true;
  return entry.type === "assistant" && entry.toolCalls.every(({ name }) => effectOf(name) === "none");
}

/** A session was erased under a running turn: nothing of it may be written any more. */
export class Erased extends Error {}

export class SessionEffects implements Effects {
  readonly #rows: EffectsRows;
  readonly #of: TurnContext;
  readonly #requests: RequestWriter;
  readonly #tries: CutTries;
  readonly #journal: TurnJournal;
  readonly #answers: TurnAnswers;
  #model: TurnModel;
  /** Settles when what was appended last is on disk. */
  #confirmed: Promise<void> = Promise.resolve();
  /** The entry that was asked for last by this instance, in this turn: no crash cut its answer off. */
  #askedSeq = 0;

  constructor(rows: EffectsRows, of: TurnContext) {
    this.#rows = rows;
    this.#of = of;
    const { checkpoint, turns, learned } = rows;
    const { models, turn } = of;
    const requests = new RequestWriter(rows, { ...of, options: turn.message.options });
    this.#requests = requests;
    this.#tries = new CutTries({ checkpoint, turns, learned, requests, models, firstSeq: turn.firstSeq });
    this.#journal = new TurnJournal(rows);
    this.#answers = new TurnAnswers(rows, of);
    this.#model = of.models[0];
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }

  /** Settles when everything that was appended is on disk and shown to readers. */
  get confirmed(): Promise<void> {
    return this.#confirmed;
  }

  get isSpent(): boolean {
    return this.#of.subrequests.isSpent;
  }

  now(): number {
    return Date.now();
  }

  look(): TurnView {
    this.#mustLive();
    const { turns, inbox, log, checkpoint, intents } = this.#rows;
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
      ...(reply?.children && { opened: this.#rows.children?.opened() ?? new Set() }),
      stepped: turns.stepped(firstSeq),
      joining: inbox.isJoined(turn),
      windowFull: betweenSteps && this.#requests.isFull(this.#model.profile),
      nowMs: Date.now(),
      place: this.#model.place,
      down: this.#rows.heartbeat.down(turn),
    };
  }

  /** Reads a long conversation in pieces, so that the first look at it takes no time. */
  async readAhead(): Promise<void> {
    await this.#requests.readAhead(this.#model.profile, () => this.#rows.feed.closed);
    this.#mustLive();
  }

  async afford(): Promise<boolean | Shortage> {
    this.#mustLive();
    const { profile, place } = this.#model;
    const seq = this.#rows.log.lastSeq + 1;
    // Never counted as 0 in silence: a budget would not hold.
    if (!hasPrice(profile)) return (await this.#of.budget.isLimited()) ? { unpriced: place } : true;
    const worst = () => worstCaseMicros(this.#requests.most(profile), pricesAt(profile, Date.now()));
    return this.#of.budget.reserve(seq, worst);
  }

  async beginStep(
    { turn, step }: { turn: string; step: number },
    again?: Again,
    before?: { failed: FailedTry; spent: Spent },
  ): Promise<BegunStep> {
    this.#mustLive();
    const { log, storage, record, learned } = this.#rows;
    const seq = log.lastSeq + 1;
    const crashed = again === undefined ? this.#tries.spentAt(seq, this.#model) : undefined;
    if (again?.model !== undefined) {
      this.#model = this.#of.models.find(({ profile }) => profile.id === again.model) ?? this.#model;
      // The session stays with the model that took over: going back and forth would lose a warm cache each time.
      record.stickTo(again.model);
    }
    if (again?.change !== undefined) learned.learn(this.#model.profile, again.change);
    const { profile, place } = this.#model;
    const begun = again === undefined ? this.#tries.continuable(seq, this.#model) : undefined;
    const spent = before === undefined ? crashed : { ...before.spent, tries: [] };
    const attempt = this.#tries.begin(seq, { turn, step, again, model: this.#model }, spent);
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
      answeredIds: this.#rows.window.answeredIds,
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
    if (this.#rows.feed.closed) return;
    this.#rows.feed.show(draft);
    this.#rows.checkpoint.save(draft, Date.now());
  }

  async runTool(call: ToolCall, place: { turn: string; step: number }): Promise<ToolResult | undefined> {
    const { agent, secrets } = this.#of;
    // Equal calls of one reply take effect once: they have one key.
    const keyOf = firstEqual(this.#reply()?.toolCalls ?? [], call);
    const context = await callContext(this.#rows, { ...this.#of, call, keyOf, place, profile: this.#model.profile });
    const approved = await this.#intend(call, agent.tools.effectOf(call.name));
    const { hooks } = agent;
    const { children } = this.#rows;
    const reply = this.#reply();
    const steps = this.#rows.durable?.of({
      ...{ seq: reply?.seq ?? 0, callId: call.id, turn: place.turn },
      stepKey: (name) => sha256Hex(`${context.idempotencyKey} ${name}`),
      mustLive: () => this.#mustLive(),
    });
    const answer = reply && children?.answerOf(call, reply.seq);
    const open = reply && children?.opens(agent, call, { reply, traceparent: context.traceparent });
    try {
      const options = { hooks, approved, secrets, steps, ...(answer ? { answer } : open && { open }) };
      const result = await runDurably(agent.tools, call, context, options);
      if (answer && result) {
        this.#mustLive();
        answer.settle(result);
        return undefined;
      }
      // That it was opened is known from now on: what crashes later is not the opening.
      if (result === undefined && open !== undefined) this.#rows.intents.progressed(reply?.seq ?? 0, call.id);
      if (result === undefined) this.#rows.feed.changed();
      return result && { ...result, ...children?.handoffOf(agent, call, result) };
    } finally {
      this.#rows.feed.progress.end(call.id);
    }
  }

  async append(entries: NewEntry[]): Promise<void> {
    this.#mustLive();
    await this.#handOut(entries);
    const { log } = this.#rows;
    const before = log.lastSeq;
    const isEnd = entries.some(({ type }) => type === "turn_ended");
    if (isEnd) this.#rows.window.keep();
    this.#journal.write(entries);
    if (isEnd) this.#of.onEnd?.();
    for (const entry of entries) if (entry.type === "assistant") void this.#answers.keep(entry);
    for (const entry of entries) if (entry.type === "step_failed") console.warn("model call failed", entry.failure);
    for (const { seq, costMicros } of stepRecords(log.read({ after: before }))) this.#of.budget.settle(seq, costMicros);
    this.#confirmed = this.#journal.confirm();
    // The next step waits for these rows, too; without one, a failure is not an unhandled one.
    this.#confirmed.catch(() => {});
    if (!entries.every((entry) => goesOnUnconfirmed(entry, this.#of.agent.tools))) await this.#confirmed;
    logTurnEnd(this.#rows, this.#of, entries);
  }

  /** Before a client can send a result, its call is known in the account. */
  async #handOut(entries: readonly NewEntry[]): Promise<void> {
    const { firstSeq, message } = this.#of.turn;
    const mayBe = message.options.via !== undefined && entries.some(({ type }) => type === "assistant");
    if (!mayBe || this.#of.handOut === undefined) return;
    const names = namesOfHandedOut(entries, this.#rows.turns.entries(firstSeq), message.options);
    if (names.length === 0) return;
    await this.#of.handOut(names);
    this.#mustLive();
  }

  async takeIn(): Promise<void> {
    this.#mustLive();
    const { log, checkpoint } = this.#rows;
    const { turn } = this.#of.turn;
    const seq = log.lastSeq + 1;
    const crashed = seq === this.#askedSeq ? undefined : this.#tries.spentAt(seq, this.#model);
    const { step, model } = this.#tries.savedAt(seq, this.#model);
    this.#journal.writeJoining(turn, () => {
      if (crashed !== undefined) checkpoint.keepSpent(log.lastSeq + 1, { turn, step, model }, crashed);
    });
    await this.#journal.confirm();
  }

  cutOff(): Omit<AssistantEntry, "seq"> | undefined {
    const { log, checkpoint } = this.#rows;
    const seq = log.lastSeq + 1;
    const crashed = seq === this.#askedSeq ? undefined : this.#tries.spentAt(seq, this.#model);
    if (crashed === undefined) return undefined;
    const { step, model, ...begun } = this.#tries.savedAt(seq, this.#model);
    // An attempt of its own: readers may have seen more of the old one than was saved.
    const attempt = checkpoint.nextAttempt(seq);
    const draft = new Draft({ seq, turn: this.#of.turn.turn, step, attempt, model }, begun);
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
    const { log, checkpoint } = this.#rows;
    const seq = log.lastSeq + 1;
    // A call of this instance that has ended is counted by the code that made it.
    const crashed = seq === this.#askedSeq ? undefined : this.#tries.spentAt(seq, this.#model);
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
    const seq = this.#rows.log.lastSeq + 1;
    this.#tries.begin(seq, { turn, step, again: undefined, model: this.#model }, crashed);
    this.#askedSeq = seq;
    return this.#ask(this.#requests.summary(profile, throughSeq), draft, { isJson: false, begun: "" });
  }

  pause(delayMs: number): Promise<void> {
    return pause(delayMs, this.signal);
  }

  chance(): number {
    return Math.random();
  }

  #ask(body: string, draft: Draft, answer: { isJson: boolean; begun: string }): GeneratedAnswer {
    const { profile, baseUrl, apiKey, fetch } = this.#model;
    const { signal, timeouts, subrequests } = this.#of;
    subrequests.count();
    const endpoint = endpointOf(this.#rows.learned.of(profile), baseUrl);
    const text = { leaksCalls: profile.leaksCalls, ...answer };
    const onBegan = () => draft.begin();
    return generate({ baseUrl: endpoint, apiKey, body, fetch, signal, timeouts, text, onBegan });
  }

  /** On disk before the call is made. Returns whether a person has approved the call. */
  async #intend(call: ToolCall, effect: Effect): Promise<boolean> {
    this.#mustLive();
    const { turns, intents, storage } = this.#rows;
    const seq = this.#reply()?.seq ?? 0;
    const entries = turns.entries(this.#of.turn.firstSeq);
    const approval = entries.findLast((entry) => entry.type === "approval" && entry.callId === call.id);
    const readySeq = Math.max(seq, approval?.seq ?? 0);
    if (intents.begin({ seq, readySeq, callId: call.id, effect })) await storage.sync();
    return readySeq > seq;
  }

  /** The newest reply of the turn. */
  #reply(): AssistantEntry | undefined {
    const entries = this.#rows.turns.entries(this.#of.turn.firstSeq);
    return entries.findLast((entry) => entry.type === "assistant");
  }

  #mustLive(): void {
    if (this.#rows.feed.closed) throw new Erased("The session was erased while its turn was running.");
  }
}

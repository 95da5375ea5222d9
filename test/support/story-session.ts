/** A turn played from a script in a session's own database, with its real parts and effects: only the model, the tools and the budget are the script's. It can die after any of its moments and be taken up again. */

import type { Draft } from "../../src/core/assemble.ts";
import type { Cut } from "../../src/core/effects.ts";
import type { FailedTry, NewEntry } from "../../src/core/entry.ts";
import type { Failure } from "../../src/core/errors.ts";
import type { ToolCall, ToolResult } from "../../src/core/message.ts";
import type { ModelEvent } from "../../src/core/model-event.ts";
import type { AfterFailure, Rules, TurnView } from "../../src/core/next-step.ts";
import { runTurn } from "../../src/core/run-turn.ts";
import { profileFor } from "../../src/model/catalog.ts";
import { type OpenSession, openSession } from "../../src/session/open-session.ts";
import { SessionEffects } from "../../src/session/turn/effects.ts";
import { Subrequests } from "../../src/session/turn/subrequests.ts";
import { agent } from "../app/agent.ts";

/** What the model answers one request with: one array per read. */
export type Script = ModelEvent[][];

export interface Story {
  name: string;
  /** One per request, summaries not counted; the last one again when there are more. */
  scripts: Script[];
  /** What the model answers when it is asked for a summary; when none is left nothing can leave the window. */
  summaries?: Script[];
  /** A message waits to join the turn from its beginning. */
  joins?: boolean;
  /** The turn is cancelled after so many moments, or at the crash. */
  cancelledAt?: number | "crash";
  /** So many model calls are paid for. */
  calls?: number;
  /** The window is full after the crash. */
  fullAtCrash?: boolean;
  /** What is done about a failure; by default it is asked again, three times in all. */
  afterFailure?: (tries: readonly FailedTry[]) => AfterFailure;
  /** An answer with this text is sent back. */
  complaint?: string;
  /** The model can go on behind what a crash left. */
  continues?: boolean;
}

class Crash extends Error {}

const lost: Failure = { code: "model_truncated", detail: "The stream broke.", retryable: true };
export const said = (...pieces: string[]): ModelEvent[][] => pieces.map((text) => [{ type: "text", text }]);
export const thought = (...pieces: string[]): ModelEvent[][] => pieces.map((text) => [{ type: "reasoning", text }]);
export const stops: ModelEvent[][] = [[{ type: "finish", reason: "stop" }]];
export const breaks: ModelEvent[][] = [[{ type: "failure", failure: lost }]];
export const overflows: ModelEvent[][] = [
  [{ type: "failure", failure: { code: "context_overflow", detail: "Too long.", retryable: false } }],
];
export const calls = (name = "clock"): ModelEvent[][] => [
  [{ type: "tool_call", index: 0, id: "call_1", name, arguments: "{}" }],
  [{ type: "finish", reason: "tool_calls" }],
];

const again = (tries: readonly FailedTry[]): AfterFailure =>
  tries.length < 3 ? { type: "again", how: "restart", afterMs: 0 } : { type: "give_up" };

class ScriptedEffects extends SessionEffects {
  readonly #of: StorySession;

  constructor(of: StorySession, signal: AbortSignal) {
    const { open } = of.parts.turns;
    if (open?.firstSeq === undefined) throw new Error("No turn is open.");
    const profile = profileFor({ modelId: "deepseek-flash", baseUrl: "http://127.0.0.1:9/v1", demo: false });
    const set = { name: "MODEL", isSet: true };
    const settings = { modelSetting: set, keySetting: set, addressSetting: set, windowSetting: set };
    const place = { model: profile.id, host: "127.0.0.1:9", ...settings };
    const model = { profile: { ...profile, continuation: of.story.continues ?? false }, baseUrl: "", fetch, place };
    super(of.parts, {
      agent,
      models: [model],
      timeouts: { firstByteMs: 0, idleMs: 0, dataMs: 0, finishMs: 0 },
      turn: { ...open, firstSeq: open.firstSeq },
      signal,
      budget: { reserve: async () => true, settle() {} } as never,
      answers: undefined as never,
      prefix: undefined,
      userIds: { account: "a", session: "s" },
      secrets: {},
      subrequests: new Subrequests(Number.POSITIVE_INFINITY),
    });
    this.#of = of;
  }

  override now(): number {
    return this.#of.nowMs;
  }

  override look(): TurnView {
    return { ...super.look(), windowFull: this.#of.isFull };
  }

  override async afford(): Promise<boolean> {
    return this.#of.afford();
  }

  override async *generate(): AsyncIterable<ModelEvent[]> {
    for (const events of this.#of.nextScript()) {
      if (this.signal.aborted) return;
      yield events;
    }
  }

  override show(draft: Draft): void {
    if (this.#of.isDead) throw new Crash();
    const { feed, checkpoint } = this.#of.parts;
    feed.show(draft);
    checkpoint.save(draft, this.now());
    this.#of.moment();
  }

  override async runTool({ id: callId, name }: ToolCall): Promise<ToolResult> {
    return { callId, name, content: "12:00", isError: false };
  }

  override async append(entries: NewEntry[]): Promise<void> {
    if (this.#of.isDead) throw new Crash();
    await super.append(entries);
    this.#of.moment();
  }

  override async takeIn(): Promise<void> {
    await super.takeIn();
    this.#of.moment();
  }

  override cut(): Cut | undefined {
    if (this.#of.summariesLeft === 0) return undefined;
    const seq = this.#of.parts.log.lastSeq + 1;
    const prices = { hit: 0, miss: 0, output: 0 };
    const throughSeq = this.#of.parts.record.read().windowSeq;
    const attempt = this.#of.parts.checkpoint.nextAttempt(seq);
    return { throughSeq, attempt, model: "m", prices, outline: () => "outline" };
  }

  override async *summarize(): AsyncIterable<ModelEvent[]> {
    yield* this.#of.nextSummary();
  }

  override async pause(): Promise<void> {}

  override chance(): number {
    return 0.5;
  }
}

export class StorySession {
  parts: OpenSession;
  readonly story: Story;
  readonly turn: string;
  /** Where the turn begins in the log. */
  readonly firstSeq: number;
  nowMs = Date.now();
  isFull = false;
  /** Moments so far: what was shown and what was recorded. */
  moments = 0;
  isDead = false;
  #crashAt: number;
  #onMoment: () => void;
  #abort = new AbortController();
  #plays = false;
  #script = 0;
  #summary = 0;
  #paid = 0;
  readonly #storage: DurableObjectStorage;

  /** The turn is accepted; `onMoment` is called after each of its moments, before the crash that may follow. */
  constructor(storage: DurableObjectStorage, story: Story, of: { crashAt: number; onMoment(): void }) {
    this.#storage = storage;
    this.story = story;
    this.#crashAt = of.crashAt;
    this.#onMoment = of.onMoment;
    this.parts = this.#open();
    const request = { message: { content: "Hello", options: {} }, receipt: {}, onBusy: "queue" } as const;
    this.turn = storage.transactionSync(() => this.parts.turns.accept(request, this.nowMs));
    this.firstSeq = this.parts.turns.firstSeq(this.turn) ?? 0;
    this.parts.feed.confirm(this.parts.log.lastSeq);
    if (story.joins) this.parts.inbox.add({ content: "And?", options: {} }, { atMs: this.nowMs, joins: this.turn });
  }

  /** Plays the turn to its end, over the crash. */
  async play(): Promise<void> {
    this.#plays = true;
    for (let tries = 0; tries < 3; tries++) {
      const effects = new ScriptedEffects(this, this.#abort.signal);
      try {
        await runTurn(effects, this.#rules());
        await effects.confirmed;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        this.#restart();
        // Its end was on disk already.
        if (this.parts.turns.open === undefined) return;
        continue;
      }
      return;
    }
    throw new Error(`${this.story.name} does not end`);
  }

  moment(): void {
    this.moments++;
    // Answers are saved once a second: here at every second or third moment.
    this.nowMs += 450;
    this.#onMoment();
    if (this.story.cancelledAt === this.moments) this.#cancel();
    if (this.moments !== this.#crashAt) return;
    this.isDead = true;
    throw new Crash();
  }

  afford(): boolean {
    return this.#paid++ < (this.story.calls ?? Number.POSITIVE_INFINITY);
  }

  nextScript(): Script {
    return this.story.scripts[this.#script++] ?? this.story.scripts.at(-1) ?? [];
  }

  get summariesLeft(): number {
    return (this.story.summaries?.length ?? 0) - this.#summary;
  }

  nextSummary(): Script {
    this.isFull = false;
    return this.story.summaries?.[this.#summary++] ?? [];
  }

  #restart(): void {
    this.isDead = false;
    this.parts = this.#open();
    if (this.story.fullAtCrash) this.isFull = true;
    if (this.story.cancelledAt === "crash") this.#cancel();
    this.#onMoment();
  }

  /** That rows are on disk and not shown yet is a moment of its own. */
  #open(): OpenSession {
    const parts = openSession(this.#storage);
    const { feed } = parts;
    const confirm = feed.confirm.bind(feed);
    feed.confirm = (seq) => {
      if (this.isDead) throw new Crash();
      if (this.#plays && seq > feed.confirmed) this.moment();
      confirm(seq);
    };
    return parts;
  }

  #cancel(): void {
    this.parts.turns.cancel(this.turn);
    this.#abort.abort();
  }

  #rules(): Rules {
    const { complaint } = this.story;
    return {
      maxSteps: 5,
      maxBarrenTries: 10,
      maxBarrenMs: 1e9,
      maxTurnMs: 1e9,
      maxWaitMs: 1e9,
      effectOf: () => "none",
      waitOf: () => undefined,
      afterFailure: this.story.afterFailure ?? again,
      complaint: (content) => (content === complaint ? { note: "Again, please." } : undefined),
    };
  }
}

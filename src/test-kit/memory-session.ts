/** A session without its database: the real loop, client, retry, tools and request rules over a log in memory. For tests of agents, and for comparing models. */
import type { Agent } from "../agent/agent.ts";
import type { Draft } from "../core/assemble.ts";
import type { Cut, Effects } from "../core/effects.ts";
import type { CompactionCause, Entry, NewEntry, TurnEndedEntry, TurnOptions } from "../core/entry.ts";
import type { ToolCall, ToolResult } from "../core/message.ts";
import type { ModelEvent } from "../core/model-event.ts";
import type { Again, TurnView } from "../core/next-step.ts";
import { runTurn } from "../core/run-turn.ts";
import { type SuspendedCall, suspendedCalls } from "../core/tool-steps.ts";
import { openCalls } from "../core/waits.ts";
import { schemas } from "../doors/json-schemas.ts";
import { generate, type ModelTimeouts } from "../model/client.ts";
import { type Profile, pricesAt } from "../model/profile.ts";
import { afterFailure, type RetryPolicy } from "../model/retry.ts";
import { endpointOf } from "../model/serialize.ts";
import { Learned, type LearnedChanges } from "../session/store/learned.ts";
import { RequestWindow } from "../session/turn/request-window.ts";
import { type RequestSources, RequestWriter } from "../session/turn/request-writer.ts";
import { runDurably } from "../tools/run-tool.ts";
import { stepsOf } from "../tools/steps/steps.ts";
import { inputOf, type Toolbox, type ToolContext, waitsForPerson } from "../tools/tool.ts";
import { MemoryLog } from "./memory-log.ts";
import { MemorySteps } from "./memory-steps.ts";

export const timeouts: ModelTimeouts = { firstByteMs: 120_000, idleMs: 60_000, dataMs: 300_000, finishMs: 5_000 };
export const policy: RetryPolicy = {
  retriesPerModel: 2,
  baseMs: 500,
  longestPauseMs: 10_000,
  longestRetryAfterMs: 60_000,
};

export interface MemorySetup {
  profile: Profile;
  baseUrl: string;
  apiKey?: string | undefined;
  fetch: typeof fetch;
  tools: Toolbox;
  instructions: string;
  /** The agent's hooks, and what else its tools and requests depend on. */
  agent?: Pick<Agent, "name" | "hooks" | "limits">;
  /** What tools find in their context, in place of what a test of the library needs. */
  context?: Partial<ToolContext>;
  secrets?: Readonly<Record<string, string>>;
  /** What the session adds after the agent's instructions. */
  own?: string;
  /** Ms since 1970; the clock of this machine when absent. */
  now?: () => number;
  /** How failed calls are tried again; `policy` when absent. */
  retry?: RetryPolicy;
  /** Models that are used when the first one fails permanently. */
  fallbacks?: readonly { profile: Profile; baseUrl: string; fetch: typeof fetch }[];
}

const nothing = { search: async () => [], read: async () => undefined };

export class MemorySession implements Effects {
  readonly log: MemoryLog;
  readonly #steps: MemorySteps;
  /** How far its clock is ahead of the given one: the ends of waits are not waited for. */
  #aheadMs: number;
  readonly signal = new AbortController().signal;
  readonly #setup: MemorySetup;
  readonly #sources: RequestSources;
  #model: Pick<MemorySetup, "profile" | "baseUrl" | "fetch">;
  #requests: RequestWriter;
  #options: TurnOptions = {};
  #learned: LearnedChanges = {};
  #windowSeq = 0;
  #attempt = 0;
  #turns = 0;

  /** `before`: the session that this one is a copy of, and goes on with; it stays as it is. */
  constructor(setup: MemorySetup, before?: MemorySession) {
    this.#setup = setup;
    this.#model = setup;
    this.log = before?.log.copy() ?? new MemoryLog();
    const now = () => this.now();
    this.#aheadMs = before === undefined ? 0 : before.#aheadMs;
    this.#steps = before === undefined ? new MemorySteps(now) : before.#steps.copy(now);
    if (before !== undefined) {
      this.#options = before.#options;
      this.#learned = { ...before.#learned };
      this.#windowSeq = before.#windowSeq;
      this.#attempt = before.#attempt;
      this.#turns = before.#turns;
    }
    const store = {
      read: () => this.#learned,
      write: (changes: LearnedChanges) => {
        this.#learned = changes;
      },
    };
    // What of a session's database a request is written from.
    this.#sources = {
      log: this.log,
      window: new RequestWindow(this.log, () => this.#windowSeq),
      learned: new Learned(store),
      record: { read: () => ({ instructions: setup.own ?? null, account: "default", windowSeq: this.#windowSeq }) },
      heads: { put: () => "", read: () => undefined },
      turns: { open: undefined, entries: (firstSeq) => this.log.read({ after: firstSeq - 1 }) },
    };
    this.#requests = this.#writer(this.#options);
  }

  #writer(options: TurnOptions): RequestWriter {
    const { tools, instructions, agent: given } = this.#setup;
    const agent = { ...given, tools, instructions } as unknown as Agent;
    return new RequestWriter(this.#sources, {
      agent,
      options,
      prefix: undefined,
      userIds: { account: "a-1", session: "s-1" },
      schemas,
    });
  }

  /** Forgets all that is not in the log, as a session that starts again. */
  restart(): void {
    Object.assign(this.#sources, { window: new RequestWindow(this.log, () => this.#windowSeq) });
  }

  /** Runs a message to its end and returns how the turn ended. */
  async ask(content: string, options: TurnOptions = {}): Promise<TurnEndedEntry> {
    await this.begin({ content }, options);
    return this.log.last as TurnEndedEntry;
  }

  /** Begins a turn, and runs it until it ends, or waits for a person. */
  async begin(
    message: { content: string; speaker?: string },
    options: TurnOptions = {},
    effects?: Effects,
  ): Promise<void> {
    this.log.append([{ type: "user", turn: `turn_${++this.#turns}`, ...message, options, atMs: this.now() }]);
    this.#options = options;
    this.#requests = this.#writer(options);
    await this.goOn(effects);
  }

  /** Goes on with the open turn; it ends, or waits for a person. `effects`: a layer between the loop and this session. */
  async goOn(effects: Effects = this): Promise<void> {
    const { profile, tools, fallbacks = [], retry = policy, agent } = this.#setup;
    const models = [profile, ...fallbacks.map((each) => each.profile)];
    await runTurn(effects, {
      maxSteps: agent?.limits.maxSteps ?? 6,
      maxBarrenTries: 10,
      maxBarrenMs: 0,
      maxTurnMs: 3_600_000,
      maxWaitMs: 3_600_000,
      effectOf: (name) => tools.effectOf(name),
      waitOf: ({ name, arguments: text }, isSalvaged) =>
        waitsForPerson(tools.get(name), text, isSalvaged) ? "approval" : undefined,
      inputOf: ({ name, arguments: text }) => inputOf(tools.get(name), text),
      afterFailure: (tries, chance) => afterFailure(tries, { models, policy: retry, chance }),
      complaint: schemas.judge,
    });
  }

  get entries(): Entry[] {
    return this.log.read({ after: 0 });
  }

  look(): TurnView {
    const { entries } = this;
    const turn = entries.slice(entries.findLastIndex(({ type }) => type === "user"));
    const { ready, waiting, denied } = openCalls(turn);
    const betweenSteps = ready.length + waiting.length + denied.length === 0;
    return {
      entries: turn,
      stepped: this.#steps.calls(turn.findLast(({ type }) => type === "assistant")?.seq ?? 0),
      barren: { tries: 0, sinceMs: 0 },
      intents: new Set(),
      joining: false,
      windowFull: betweenSteps && this.#requests.isFull(this.#model.profile),
      nowMs: this.now(),
    };
  }

  async beginStep(step: { turn: string; step: number }, again?: Again) {
    const { fallbacks = [] } = this.#setup;
    if (again?.model !== undefined) {
      this.#model = fallbacks.find(({ profile }) => profile.id === again.model) ?? this.#model;
    }
    if (again?.change !== undefined) this.#sources.learned.learn(this.#model.profile, again.change);
    const { profile } = this.#model;
    const prices = pricesAt(profile, Date.now());
    return { seq: this.log.lastSeq + 1, ...step, attempt: ++this.#attempt, model: profile.id, prices };
  }

  generate(draft: Draft): AsyncIterable<ModelEvent[]> {
    const { step } = draft.of;
    const begun = draft.text.toString();
    const isJson = this.#options.responseFormat !== undefined;
    return this.#request(this.#requests.next(this.#model.profile, { step, begun }), draft, { isJson, begun });
  }

  #request(body: string, draft: Draft, answer: { isJson: boolean; begun: string }): AsyncIterable<ModelEvent[]> {
    const { profile, baseUrl, fetch } = this.#model;
    const { apiKey } = this.#setup;
    const base = endpointOf(this.#sources.learned.of(profile), baseUrl);
    const text = { leaksCalls: profile.leaksCalls, ...answer };
    const onBegan = () => draft.begin();
    return generate({ baseUrl: base, apiKey, body, fetch, signal: this.signal, timeouts, text, onBegan });
  }

  show() {}

  /** The calls whose tools wait. */
  get suspended(): SuspendedCall[] {
    const { entries, stepped, nowMs } = this.look();
    return stepped === undefined ? [] : suspendedCalls(openCalls(entries).ready, stepped, nowMs);
  }

  /** It is so late now, where it is not later already. */
  skipTo(atMs: number): void {
    this.#aheadMs += Math.max(0, atMs - this.now());
  }

  /** Gives the call's step of that name a signal. */
  sendSignal(callId: string, name: string, value: unknown): boolean {
    const seq = this.entries.findLast(({ type }) => type === "assistant")?.seq ?? 0;
    return this.#steps.signal({ seq, callId }, name, value);
  }

  runTool(call: ToolCall, { turn }: { turn: string }): Promise<ToolResult | undefined> {
    const { tools, context, secrets, agent } = this.#setup;
    const approved = this.entries.some(
      // A model may use the id of a call of an earlier turn again.
      (entry) => entry.type === "approval" && entry.turn === turn && entry.callId === call.id && entry.approve,
    );
    const of = {
      secrets: {},
      account: "test",
      agent: "assistant",
      session: { id: "memory", metadata: {} },
      speaker: undefined,
      progress: () => {},
      turn,
      callId: call.id,
      idempotencyKey: call.id,
      signal: this.signal,
      now: () => this.now(),
      fetch: globalThis.fetch,
      transcript: nothing,
      ...context,
    };
    const seq = this.entries.findLast(({ type }) => type === "assistant")?.seq ?? 0;
    const stepKey = async (name: string) => `${of.idempotencyKey}/${name}`;
    const steps = stepsOf({ store: this.#steps.store({ seq, callId: call.id }), stepKey });
    const hooks = agent && { hooks: agent.hooks };
    return runDurably(tools, call, of, { approved, ...hooks, ...(secrets && { secrets }), steps });
  }

  async append(entries: NewEntry[]) {
    this.log.append(entries);
    for (const entry of entries) if (entry.type === "compaction") this.#windowSeq = entry.throughSeq;
  }

  async afford() {
    return true;
  }

  async takeIn() {}

  cutOff() {
    return undefined;
  }

  cut(why: CompactionCause): Cut | undefined {
    const { profile } = this.#model;
    const throughSeq = this.#requests.cut(profile, why);
    if (throughSeq === undefined) return undefined;
    const outline = () => this.#requests.outline(throughSeq);
    return { throughSeq, model: profile.id, prices: pricesAt(profile, Date.now()), outline };
  }

  summarize({ throughSeq }: Cut, draft: Draft): AsyncIterable<ModelEvent[]> {
    return this.#request(this.#requests.summary(this.#model.profile, throughSeq), draft, { isJson: false, begun: "" });
  }

  now() {
    return (this.#setup.now?.() ?? Date.now()) + this.#aheadMs;
  }

  /** With a clock of its own nothing is waited for. */
  pause(delayMs: number) {
    if (this.#setup.now !== undefined) return Promise.resolve();
    return new Promise<void>((resolve) => setTimeout(resolve, delayMs));
  }

  chance() {
    return 0.5;
  }
}

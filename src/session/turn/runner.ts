/** Runs a session's turns, one at a time, as long as there are any. Whether there is work is read from the rows; memory holds only that it is being done. */

import { factsOfAccount } from "../../account/account-facts.ts";
import { accountObject } from "../../account/account-object.ts";
import type { Agent } from "../../agent/agent.ts";
import { goneWords } from "../../agent/app.ts";
import type { RemoteTools } from "../../agent/remote-tools.ts";
import type { SessionVersions } from "../../agent/rollout-feature.ts";
import type { TurnSchemas } from "../../agent/turn-schemas.ts";
import type { Reading, ReadMessage } from "../../channels/channel.ts";
import { alarmBackoff, backoffMs } from "../../core/backoff.ts";
import { unitHash } from "../../core/digest.ts";
import { ending, leftOver } from "../../core/ending.ts";
import type { NewEntry, TurnOptions } from "../../core/entry.ts";
import type { Failure } from "../../core/errors.ts";
import { worded } from "../../core/failure-words.ts";
import { deadlineMs, type Rules } from "../../core/next-step.ts";
import { platformFailure } from "../../core/platform-failure.ts";
import { runTurn } from "../../core/run-turn.ts";
import { safeSpeaker } from "../../core/speaker.ts";
import { openCalls } from "../../core/waits.ts";
import type { Bindings, Settings } from "../../env.ts";
import { pace } from "../../http/pace.ts";
import { judgeWithoutSchemas } from "../../model/judge-answer.ts";
import { afterFailure } from "../../model/retry.ts";
import { AnswerCache } from "../../prefix-cache/answer-cache.ts";
import { sharedPrefixCache } from "../../prefix-cache/prefix-cache.ts";
import { inputOf, waitsForPerson } from "../../tools/tool.ts";
import type { AcceptedMessage, RunningTurn } from "../store/inbox.ts";
import { BudgetClient } from "./budget-client.ts";
import { type EffectsRows, Erased, SessionEffects } from "./effects.ts";
import { handOut } from "./handed-out.ts";
import { mostSubrequests, Subrequests } from "./subrequests.ts";
import { allowedOf, type TurnModel, turnModels } from "./turn-model.ts";
import { TurnTools } from "./turn-tools.ts";
import { type UserIds, userIdsOf } from "./user-ids.ts";

export interface RunnerSetup {
  /** The session's own, as the code defines it and as it is now: it changes between turns alone. */
  readonly agent: Agent;
  /** Which version of it each turn has; absent: always that one. */
  readonly version?: SessionVersions | undefined;
  settings: Settings;
  remoteTools?: RemoteTools | undefined;
  /** Of an app whose doors take JSON schemas. */
  schemas?: TurnSchemas | undefined;
  /** Where the agent's models find their secrets. */
  bindings: Bindings;
  /** Values of the app's secrets for tools, by name. */
  secrets: Readonly<Record<string, string>>;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
  /** Reads what a message of a channel refers to; `undefined` where its channel cannot. */
  read?(reading: Reading): Promise<ReadMessage | undefined>;
  /** Called whenever a turn has begun, or has come to an end or a wait. */
  onTurn(): void;
  /** Called when the end of a turn was written, in the same transaction. */
  onEnd?(): void;
  /** Called when the work must go on in a new invocation. */
  nextInvocation?(): void;
  /** Called whenever the runner has nothing left to do. */
  onIdle(): void;
}

export class Runner {
  readonly #rows: EffectsRows;
  readonly #setup: RunnerSetup;
  readonly #budget: BudgetClient;
  readonly #subrequests = new Subrequests(mostSubrequests.turn);
  /** The same for as long as the session lives. */
  #userIds: UserIds | undefined;
  #working = false;
  /** It was called while it was at work: it must look for work once more before it stops. */
  #again = false;
  #current: { turn: string; abort: AbortController } | undefined;
  /** How often the work broke off, in a row, and when it is taken up again. */
  #failures = 0;
  #retryAtMs = 0;
  /** Of the turn that is being worked at. */
  #agentNow: Agent;

  constructor(rows: EffectsRows, setup: RunnerSetup) {
    this.#rows = rows;
    this.#setup = setup;
    this.#agentNow = setup.agent;
    this.#budget = new BudgetClient(setup.bindings, rows.record.read(), () => {
      // Nothing is set aside any more for a session that is being erased.
      if (rows.feed.closed) throw new Erased("The session was erased.");
      this.#subrequests.count();
    });
  }

  /** The turn that is being worked at now. */
  get working(): string | undefined {
    return this.#working ? this.#current?.turn : undefined;
  }

  /** Settles when the account has answered all that was sent about this session's money. */
  get budgetSettled(): Promise<void> {
    return this.#budget.settled;
  }

  /** When work that broke off is taken up again, in ms since 1970; `undefined` while it is done, and when none broke off. */
  get retryAtMs(): number | undefined {
    return this.#working || this.#failures === 0 ? undefined : this.#retryAtMs;
  }

  /** Makes sure that open and waiting turns are being run. Returns at once. */
  resume(): void {
    this.#again = true;
    if (this.#working) return;
    this.#working = true;
    this.#subrequests.began();
    this.#setup.hold(this.#drain());
  }

  /** Aborts what the turn is doing now. That it is to end is a row, written by the caller before. */
  abort(turn?: string): void {
    if (turn === undefined || turn === this.#current?.turn) this.#current?.abort.abort();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        for (let turn = await this.#next(); turn !== undefined; turn = await this.#next()) {
          // A turn that has just begun waits for the next invocation, too.
          if (this.#subrequests.isSpent) break;
          this.#setup.onTurn();
          await this.#run(turn);
          this.#failures = 0;
          this.#setup.onTurn();
          // Still open: it waits for a person or a client, or for the next invocation.
          if (this.#rows.turns.open !== undefined) break;
        }
      }
      this.#working = false;
      this.#failures = 0;
      const { open } = this.#rows.turns;
      if (this.#subrequests.isSpent && open !== undefined) return this.#setup.nextInvocation?.();
    } catch (error) {
      this.#working = false;
      if (error instanceof Erased) return;
      this.#failures++;
      this.#retryAtMs = Date.now() + backoffMs(this.#failures, alarmBackoff, Math.random());
      console.error("turn interrupted; the watchdog will take it up again", error);
    }
    if (!this.#rows.feed.closed) this.#setup.onIdle();
  }

  async #next(): Promise<RunningTurn | undefined> {
    const { turns, inbox, storage, log, feed } = this.#rows;
    // While one message is made ready, another one may interrupt, and is next then.
    while (!feed.closed && turns.open === undefined) {
      const next = inbox.next();
      if (next === undefined) break;
      if (next.message.reference === undefined) await this.#begin(next);
      else await this.#read(next, next.message.reference);
    }
    if (feed.closed) return undefined;
    const { open } = turns;
    if (open?.firstSeq === undefined) return undefined;
    const seq = log.lastSeq;
    // The turn does not wait for the disk here, only its readers do. The next wait, before the model is asked, is for these rows, too, and fails if this one does.
    const onDisk = storage.sync().then(
      () => feed.confirm(seq),
      () => {},
    );
    this.#setup.hold(onDisk);
    if (open.isLong) await pace(longMessageMs);
    if (feed.closed) return undefined;
    return { ...open, firstSeq: open.firstSeq };
  }

  async #begin({ turn, message }: AcceptedMessage): Promise<void> {
    const { turns, inbox, storage, feed } = this.#rows;
    await this.#setup.version?.choose(message.speaker);
    if (!feed.closed && inbox.next()?.turn === turn) storage.transactionSync(() => turns.beginNext(Date.now()));
  }

  /** Has its channel read what the message refers to. It is in the row until then, so that a crash reads it again. */
  async #read({ turn, message }: AcceptedMessage, reference: Reading["reference"]): Promise<void> {
    const { inbox, log, feed } = this.#rows;
    const reading = { reference, isFirst: log.lastSeq === 0, signal: AbortSignal.timeout(readingMs) };
    const read = await this.#setup.read?.(reading).catch((error: unknown) => {
      console.error("what a message refers to could not be read", error);
      return undefined;
    });
    if (feed.closed) return;
    const { reference: _, ...rest } = message;
    const speaker = read?.speaker === undefined ? undefined : safeSpeaker(read.speaker);
    inbox.replace(turn, { ...rest, ...(read && { content: read.content }), ...(speaker && { speaker }) });
  }

  async #run(turn: RunningTurn): Promise<void> {
    const { settings, bindings } = this.#setup;
    const [entry] = this.#rows.turns.entries(turn.firstSeq);
    this.#agentNow = (await this.#setup.version?.ofTurn(entry)) ?? this.#setup.agent;
    if (this.#setup.version !== undefined) this.#setup.version.limits = this.#agentNow.limits;
    const { isMissing, name } = this.#agentNow;
    if (!isMissing && this.#rows.record.read().agent === null) this.#rows.record.keepAgent(name);
    const { models: allowed } = await factsOfAccount(bindings, this.#rows.record.read().account);
    const abort = new AbortController();
    this.#current = { turn: turn.turn, abort };
    const { log, heartbeat, inbox } = this.#rows;
    // Also one that was stopped while the account was asked.
    if (inbox.byTurn(turn.turn)?.stop !== undefined) abort.abort();
    heartbeat.resume(turn.turn, { lastSeenMs: log.last?.atMs ?? 0, nowMs: Date.now() });
    const stopClock = this.#startClock(turn, abort);
    const all = this.#models(turn.message.options);
    const [first, ...others] = allowedOf(all, allowed);
    const models: [TurnModel, ...TurnModel[]] = first === undefined ? all : [first, ...others];
    const { timeouts } = settings;
    const budget = this.#budget;
    const answers = new AnswerCache(bindings.PREFIXES, this.#rows.kvCount);
    const subrequests = this.#subrequests;
    const asked = () => subrequests.count();
    const tools = new TurnTools({ ...this.#setup, agent: this.#agentNow, count: this.#rows.kvCount, asked });
    try {
      const prefix = await this.#prefix();
      const toolbox = await tools.forMessage(turn.message.options, abort.signal);
      const agent = { ...this.#agentNow, tools: toolbox };
      this.#userIds ??= await userIdsOf(this.#rows.record.read());
      const userIds = this.#userIds;
      const { signal } = abort;
      const { secrets, schemas } = this.#setup;
      const given = { agent, models, timeouts, turn, signal, budget, answers, userIds, secrets, schemas, subrequests };
      const handsOut = handOut(bindings, this.#rows.record.read(), () => subrequests.count());
      const onEnd = () => this.#setup.onEnd?.();
      const of = { ...given, prefix: prefix ?? undefined, handOut: handsOut, onEnd };
      const effects = new SessionEffects(this.#rows, of);
      if (isMissing) return await effects.append(endNow(effects, turn.turn, agentGone(name)));
      if (first === undefined) {
        const place = { ...all[0].place, ...(allowed && { allowedModels: allowed }) };
        return await effects.append(endNow(effects, turn.turn, worded(notAllowed, place)));
      }
      if (prefix === null) return await effects.append(endNow(effects, turn.turn, worded(prefixGone, models[0].place)));
      await this.#runTurn(effects, this.#rules(agent, models, turn.message.options), turn.turn);
    } finally {
      stopClock();
      this.#current = undefined;
      this.#setup.hold(tools.close());
    }
  }

  /** A failure of our platform is none of the turn's: it goes on later. Only a fault of ours ends it. */
  async #runTurn(effects: SessionEffects, rules: Rules, turn: string): Promise<void> {
    try {
      await effects.readAhead();
      await runTurn(effects, rules);
      await effects.confirmed;
    } catch (error) {
      if (error instanceof Erased || isReset(error)) throw error;
      console.error("turn failed by a fault of ours", error);
      await effects.append(endNow(effects, turn, worded(ourFault, effects.look().place)));
    }
  }

  /** Aborts what the turn is doing once its time is over. An approval that comes meanwhile gives it time anew. */
  #startClock({ turn, firstSeq }: { turn: string; firstSeq: number }, abort: AbortController): () => void {
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      const { turns, heartbeat } = this.#rows;
      const view = { entries: turns.entries(firstSeq), down: heartbeat.down(turn), stepped: turns.stepped(firstSeq) };
      const leftMs = deadlineMs(view, this.#maxTurnMs) - Date.now();
      if (leftMs <= 0) return abort.abort();
      timer = setTimeout(look, Math.min(leftMs + 1, this.#maxTurnMs));
    };
    look();
    return () => clearTimeout(timer);
  }

  get #maxTurnMs(): number {
    return this.#agentNow.limits.turnSeconds * 1000;
  }

  /** The text of the session's prefix; `undefined` when it has none, null when that is gone. */
  async #prefix(): Promise<string | null | undefined> {
    const { account, prefix } = this.#rows.record.read();
    if (prefix === null) return undefined;
    const { bindings } = this.#setup;
    const truth = () => accountObject(bindings, account).readPrefix(prefix);
    return (
      (await sharedPrefixCache(bindings.PREFIXES).read({ account, id: prefix, truth }, this.#rows.kvCount)) ?? null
    );
  }

  #models(options: TurnOptions): [TurnModel, ...TurnModel[]] {
    const { settings, bindings } = this.#setup;
    const agent = this.#agentNow;
    const { account, name, model, stickyModel } = this.#rows.record.read();
    const chance = unitHash(`${account}:${name}`);
    const sticky = stickyModel ?? (isWeighted(agent) ? this.#lastModel() : null);
    const models = turnModels({ agent, settings, bindings, sessionModel: model, sticky, options, chance });
    // A drawn model is recorded, so that other weights, or another way to draw, move no session that has begun.
    const isDrawn = isWeighted(agent) && stickyModel === null && model === null && options.model === undefined;
    if (isDrawn) this.#rows.record.stickTo(models[0].profile.id);
    return models;
  }

  /** The model of the newest reply, for sessions whose drawn model was not recorded yet. */
  #lastModel(): string | null {
    const { log } = this.#rows;
    const reply = log.read({ after: Math.max(0, log.lastSeq - 50) }).findLast(({ type }) => type === "assistant");
    return reply?.type === "assistant" ? reply.model : null;
  }

  #rules(agent: Agent, models: readonly TurnModel[], { tools = [], oneCall }: TurnOptions): Rules {
    const { settings } = this.#setup;
    const profiles = models.map(({ profile }) => profile);
    const { children } = this.#rows;
    const clientTools = new Set(tools.map(({ name }) => name));
    return {
      maxSteps: agent.limits.maxSteps,
      ...(oneCall && { oneCall }),
      maxBarrenTries,
      maxBarrenMs,
      maxTurnMs: this.#maxTurnMs,
      maxWaitMs: agent.limits.waitSeconds * 1000,
      effectOf: (name) => agent.tools.effectOf(name),
      ...children?.rules(agent),
      waitOf(call, isSalvaged) {
        if (agent.tools.get(call.name)?.refusal !== undefined) return undefined;
        if (clientTools.has(call.name)) {
          // What its sender wants to be strict is checked here, also where the provider does not hold to it.
          return agent.tools.get(call.name)?.parse(call.arguments).ok === false ? undefined : "client";
        }
        if (children?.isForAgent(agent, call)) return "agent";
        return waitsForPerson(agent.tools.get(call.name), call.arguments, isSalvaged) ? "approval" : undefined;
      },
      inputOf: ({ name, arguments: text }) => inputOf(agent.tools.get(name), text),
      afterFailure: (tries, chance) => afterFailure(tries, { models: profiles, policy: settings.retry, chance }),
      complaint: this.#setup.schemas?.judge ?? judgeWithoutSchemas,
    };
  }
}

/** How long a channel may read what a message refers to. */
const readingMs = 20_000;
/** About how long it takes to read a message with a megabyte of tools from its row, in ms. */
const longMessageMs = 10;

/** A call that crashes cut off again and again is given up: the figures of Cloudflare's agents 0.32 (10 tries, 5 minutes without progress). */
const maxBarrenTries = 10;
const maxBarrenMs = 300_000;

function isWeighted({ models }: Agent): boolean {
  return models.some(({ weight = 0 }) => weight > 0);
}

/** The platform failed, or ended this instance (deploy, move, eviction): the turn goes on later, or in the next one, so it must not be ended here. Damaged storage could not be written anyway. */
function isReset(error: unknown): boolean {
  if (platformFailure(error) !== undefined) return true;
  return error instanceof Error && /reset|code was updated|storage caused object|broken/i.test(error.message);
}

const ourFault: Failure = {
  code: "internal",
  detail: "Longline failed while it worked on this turn. The cause is in the Worker's log.",
  retryable: true,
};
const notAllowed: Failure = { code: "model_refused", cause: "not_allowed", detail: "", retryable: false };
/** Has its words here: no model of that agent is known. */
function agentGone(name: string): Failure {
  const detail = `${goneWords(name)} Begin a new session, or deploy that agent again.`;
  return { code: "no_such_agent", detail, retryable: false };
}

const prefixGone: Failure = {
  code: "prefix_missing",
  detail: "The session's prefix was deleted. Put the same text again, or make a session without it.",
  retryable: false,
};

/** The end of a turn that cannot go on. What a model call had brought, and cost, stays. */
function endNow(effects: SessionEffects, turn: string, failure: Failure): NewEntry[] {
  const view = effects.look();
  const { entries } = view;
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const refused = leftOver(openCalls(entries), view);
  const cutOff = effects.cutOff();
  const end = { turn, step: reply?.step ?? 0, reason: "failed", refused, failure } as const;
  return ending(end, entries, Date.now(), cutOff === undefined ? [] : [cutOff]);
}

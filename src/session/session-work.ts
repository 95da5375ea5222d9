/** What works for a session: the runner of its turns, the courier of its answers, the reports to its account, and the one alarm that takes each of them up again. What there is to do is read from the rows. */

import { factsOfAccount } from "../account/account-facts.ts";
import { accountObject } from "../account/account-object.ts";
import { stateRestMs } from "../account/dead-letters.ts";
import type { App } from "../agent/app.ts";
import type { SessionDeliveries } from "../agent/delivery-feature.ts";
import { type Rules, waitUntilMs } from "../core/next-step.ts";
import type { WaitingCall } from "../core/waits.ts";
import type { Bindings } from "../env.ts";
import type { SessionTelemetry } from "../observe/telemetry.ts";
import type { SessionSummary } from "../wire/native.ts";
import type { AgentNow } from "./agent-now.ts";
import type { CourierSources } from "./deliver/courier.ts";
import { outletFault, outlets } from "./deliver/outlets.ts";
import type { Reporter } from "./deliver/reporter.ts";
import { expiryDueMs, type LifeFacts } from "./expiry.ts";
import { summarize } from "./read/summarize.ts";
import type { FeedbackStore } from "./store/feedback.ts";
import { watchdogMs } from "./store/heartbeat.ts";
import type { EffectsRows } from "./turn/effects.ts";
import { Runner } from "./turn/runner.ts";
import { defaultModelId } from "./turn/turn-model.ts";

/** What is worked at, and where that is written down. */
type WorkRows = EffectsRows & CourierSources & { feedback: FeedbackStore; telemetry?: SessionTelemetry };

/** What the work of a session depends on. */
export interface WorkSetup extends AgentNow {
  ctx: DurableObjectState;
  bindings: Bindings;
  app: App;
  reporter: Reporter;
  /** Before this time erasing is not tried again, in ms since 1970. */
  eraseAtMs(): number;
}

/** A session that is made for a streamed answer is listed after so long, also when that answer goes on. */
export const listingMs = 200;

export class SessionWork {
  readonly #session: WorkRows;
  readonly #setup: WorkSetup;
  readonly #runner: Runner;
  /** Absent where the app has no way out but the HTTP API. */
  readonly #deliveries: SessionDeliveries | undefined;
  /** When work goes on in a new invocation, in ms since 1970. */
  #nextAtMs: number | undefined;
  #hasEnded = false;
  /** When the alarm comes, in ms since 1970; null where there is none, `undefined` while an earlier instance's may be set. */
  armedMs: number | null | undefined;
  /** When nothing was left to do last, and whether the newest work came soon after. */
  #restedMs = 0;
  #isBrisk = false;
  /** Its account does not list it yet. */
  #unlisted: { timer: ReturnType<typeof setTimeout>; settle(): void } | undefined;
  /** The last delivery of each channel that this instance reported, in ms since 1970. */
  readonly #reportedMs = new Map<string, number>();
  /** Of the session when this instance took it up. */
  readonly #firstSeq: number;

  constructor(session: WorkRows, setup: WorkSetup) {
    this.#session = session;
    this.#setup = setup;
    this.#firstSeq = session.log.lastSeq;
    const { app, bindings, ctx } = setup;
    const { account, name: own } = session.record.read();
    const hold = (work: Promise<void>) => ctx.waitUntil(work);
    const outletOf = outlets({ app, bindings, account });
    const nextInvocation = () => this.#continueLater();
    this.#deliveries = app.deliveries?.session(session, {
      outletOf,
      outletFault: (name) => outletFault(app, name),
      lead: (places) => accountObject(bindings, account).leadPlaces(places, own),
      reportDead: (id) => this.#reportDead(id),
      hold,
      nextInvocation,
      onIdle: () => {
        this.#session.telemetry?.wake();
        this.arm();
        if (this.#hasChannelNews) hold(this.report());
      },
    });
    this.#runner = new Runner(session, {
      get agent() {
        return setup.agent;
      },
      get version() {
        return setup.version;
      },
      settings: app.settings,
      remoteTools: app.remoteTools,
      schemas: app.schemas,
      bindings,
      secrets: app.secrets,
      hold,
      read: async (reading) => outletOf(reading.reference.channel)?.read?.(reading),
      onTurn: () => this.#deliveries?.resume(),
      // The turn's report is owed from here on: the alarm stays as it is, and goes once the account has the report.
      onEnd: () => this.arm(),
      nextInvocation,
      onIdle: () => {
        this.#session.telemetry?.wake();
        this.arm();
        hold(this.report());
      },
    });
  }

  /** Begins what is to be done, and has the alarm watch over it. */
  start(): void {
    this.#isBrisk = Date.now() - this.#restedMs < watchdogMs;
    this.arm();
    this.resume();
  }

  /** Takes up what is left undone. */
  resume(): void {
    if (this.#session.turns.busy) this.#runner.resume();
    this.#deliveries?.resume();
    this.#session.telemetry?.wake();
    this.#session.children?.wake();
  }

  /** Something of the open turn has changed that is not in its log. */
  show(): void {
    this.#deliveries?.resume();
  }

  /** Aborts what the turn is doing now. That it is to end is a row, written before. */
  abort(turn?: string): void {
    this.#runner.abort(turn);
  }

  /** Ends a turn, or the open one; its name, or null where there is nothing to end. */
  stop(turn: string | undefined): string | null {
    const target = this.#session.turns.cancel(turn);
    if (target === null) return null;
    this.abort(target);
    this.start();
    return target;
  }

  /** The session is over, and so are its turns: each ends, and its answer is delivered, before it is erased. */
  stopAll(): void {
    this.#session.turns.cancelAll();
    this.abort();
  }

  /** The session is being erased: nothing of it goes on. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#unlisted?.timer);
    this.#unlisted?.settle();
    this.#session.feed.close();
    this.#runner.abort();
    this.#deliveries?.resume();
  }

  /** Sets the session's one alarm anew: the earliest of watchdog, end of a wait, a delivery that is due, and end of the session's life; none when there is none of these. Called in the same event-loop turn as the rows it watches over are written, so that they are committed together. */
  arm(): void {
    if (this.#hasEnded) return;
    const nowMs = Date.now();
    const expiryMs = expiryDueMs(this.lifeFacts, nowMs);
    const others = [
      ...(this.#deliveries?.dueMs(nowMs) ?? []),
      this.#session.telemetry?.dueMs(nowMs),
      this.#session.children?.dueMs(),
      this.#setup.reporter.retryAtMs ?? (this.owesReport ? this.armedMs || nowMs + watchdogMs : undefined),
      this.#nextAtMs,
      expiryMs && Math.max(expiryMs, this.#setup.eraseAtMs()),
    ];
    const dues = {
      workMs: this.#runner.retryAtMs,
      othersMs: others.filter((dueMs) => dueMs !== undefined),
      waitUntilMs: (call: WaitingCall) => waitUntilMs(call, this.#waitRules),
    };
    const atMs = alarmMs(this.#session, nowMs, dues);
    if (atMs === undefined && this.armedMs) this.#restedMs = nowMs;
    // Setting it as it is already would be a write for nothing.
    if ((atMs ?? null) === this.armedMs || this.#mayStay(atMs, nowMs)) return;
    this.armedMs = atMs ?? null;
    if (atMs === undefined) void this.#session.storage.deleteAlarm();
    else void this.#session.storage.setAlarm(atMs);
  }

  /**
   * Whether the alarm that is set is good enough for this time. It watches over the next turn a little earlier. Where turns follow each other it
   * stays after the last, too, and comes once for nothing: to take it away and set it again with each turn would be two rows
   * and a wait for the disk.
   */
  #mayStay(atMs: number | undefined, nowMs: number): boolean {
    const { armedMs } = this;
    if (!armedMs || armedMs <= nowMs || armedMs > nowMs + watchdogMs) return false;
    return atMs === undefined ? this.#isBrisk : armedMs <= atMs && atMs <= nowMs + watchdogMs;
  }

  get #waitRules(): Pick<Rules, "maxWaitMs" | "waitMsOf"> {
    const { agent, version } = this.#setup;
    const { limits } = version ?? agent;
    const rules = this.#session.children?.rules({ tools: agent.tools, limits });
    return { maxWaitMs: limits.waitSeconds * 1000, ...rules };
  }

  /** An alarm came. It is set anew before anything else. */
  async beganInvocation(): Promise<void> {
    this.#nextAtMs = undefined;
    this.armedMs = null;
    this.arm();
    this.#deliveries?.beganInvocation();
    const working = this.#runner.working;
    if (working !== undefined) this.#session.heartbeat.beat(working, Date.now());
    const { retryAtMs } = this.#setup.reporter;
    if (retryAtMs === undefined ? this.owesReport : retryAtMs <= Date.now()) await this.report();
  }

  /**
   * The account may not know what the newest turn has come to: then the alarm stays set after the turn's end, or comes before
   * the end of its wait, since this instance may be lost before its report is taken. A turn that waited when this instance
   * took it up is reported at once, without an alarm.
   */
  get owesReport(): boolean {
    const { log, turns } = this.#session;
    const { reportedSeq } = this.#setup.reporter;
    if (log.lastSeq === 0 || (reportedSeq ?? 0) >= log.lastSeq) return false;
    if (log.last?.type === "turn_ended") return true;
    return turns.isWaiting && log.lastSeq > (reportedSeq ?? this.#firstSeq);
  }

  /** What the end of the session's life depends on. */
  get lifeFacts(): LifeFacts {
    const { record, turns, outbox, telemetry, children } = this.#session;
    const owes = turns.busy || (this.#deliveries && outbox.owes) || telemetry?.owes === true || children?.owes === true;
    return { expiresAtMs: record.read().expiresAtMs, owes, waitsUntilMs: turns.lastWaitMs };
  }

  /** With the model that answers where none is named: the first one that the account may use. */
  async summary(): Promise<SessionSummary> {
    const { agent, app, bindings } = this.#setup;
    // Which model would answer is not known without the agent.
    if (agent.isMissing) return summarize(this.#session, agent, "");
    const { account, model } = this.#session.record.read();
    // Where there is nothing to choose, the account is not asked.
    const isClear = model !== null || agent.models.length === 1;
    const facts = isClear ? undefined : await factsOfAccount(bindings, account).catch(() => undefined);
    return summarize(this.#session, agent, defaultModelId(app.settings, agent, facts?.models));
  }

  /** Has the account list a new session: by the report of its first turn, where that ends at once, so that the account is called once for both. */
  listSoon(): Promise<void> {
    const { promise, resolve: settle } = Promise.withResolvers<void>();
    this.#unlisted = { timer: setTimeout(() => void this.report(), listingMs), settle };
    return promise;
  }

  /** Brings the account up to date. */
  async report(): Promise<void> {
    const unlisted = this.#unlisted;
    this.#unlisted = undefined;
    clearTimeout(unlisted?.timer);
    await this.#report().finally(() => unlisted?.settle());
  }

  /** Whether an answer was delivered of which the account should know before the session's next report: that may never come. */
  get #hasChannelNews(): boolean {
    const channels = this.#deliveries?.channels ?? [];
    return channels.some(
      ({ channel, deliveredAtMs = 0 }) => deliveredAtMs >= (this.#reportedMs.get(channel) ?? 0) + stateRestMs,
    );
  }

  async #report(): Promise<void> {
    if (this.#hasEnded) return;
    const summary = await this.summary();
    if (this.#hasEnded) return;
    const { owesReport } = this;
    const channels = this.#deliveries?.channels ?? [];
    for (const { channel, deliveredAtMs = 0 } of channels) this.#reportedMs.set(channel, deliveredAtMs);
    await this.#setup.reporter.report(this.#session, summary, { channels });
    // One that failed is sent again by the alarm; one that was taken may have been all that it watched over.
    if (owesReport || this.#setup.reporter.retryAtMs !== undefined) this.arm();
  }

  /** The session is being erased: what the account does not know of it, it would never know. */
  async reportLast(): Promise<void> {
    const { log, turns } = this.#session;
    const { reporter } = this.#setup;
    // Money that is set aside after the account was sent this last report would never be freed.
    await this.#runner.budgetSettled;
    if (turns.open === undefined && (reporter.reportedSeq ?? log.lastSeq) >= log.lastSeq) return;
    await reporter.report(this.#session, await this.summary(), { isLast: true });
  }

  /** What is open goes on in an alarm, at once. */
  #continueLater(): void {
    this.#nextAtMs = Date.now() + 1;
    this.arm();
  }

  async #reportDead(id: string): Promise<void> {
    const { outbox, record } = this.#session;
    const owed = outbox.byId(id);
    if (owed === undefined) return;
    const { account, name: session } = record.read();
    const { turn, address, error, attempts, createdAtMs } = owed;
    const letter = { id, session, turn, address, error: error ?? "", attempts, createdAtMs, diedAtMs: Date.now() };
    await accountObject(this.#setup.bindings, account).addDeadLetter(letter);
  }
}

/** `workMs`: when open work is looked at, where that is not the watchdog's time. `othersMs`: when deliveries, reports and the end of the session's life are due. `waitUntilMs`: how long a call waits at most. */
interface Dues {
  workMs?: number | undefined;
  othersMs: readonly number[];
  waitUntilMs(call: WaitingCall): number;
}

/** In ms since 1970; `undefined` when nothing is to be done. */
function alarmMs(
  { turns, children }: Pick<WorkRows, "turns" | "children">,
  nowMs: number,
  dues: Dues,
): number | undefined {
  const opened = children?.opened();
  // A call that no agent works at yet is work.
  const isOpen = turns.waits.every(({ kind, id }) => kind !== "agent" || opened?.has(id));
  const steps = turns.suspended.flatMap(({ waits }) => waits.map(({ untilMs }) => untilMs));
  const waits = isOpen ? [...turns.waits.map(dues.waitUntilMs), ...steps] : [];
  const work = waits.length > 0 ? waits : turns.busy ? [dues.workMs ?? nowMs + watchdogMs] : [];
  const due = [...work, ...dues.othersMs];
  return due.length === 0 ? undefined : Math.max(Math.min(...due), nowMs + 1);
}

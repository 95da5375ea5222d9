/** Whether there is a session in this object, and how it begins and ends. What is done about its turns is `session-work.ts`. */
import { accountList, accountObject } from "../account/account-object.ts";
import { unavailable } from "../account/call-object.ts";
import type { StoredVersion } from "../account/ladder.ts";
import type { Agent } from "../agent/agent.ts";
import type { App } from "../agent/app.ts";
import type { SessionChildren } from "../agent/delegation-feature.ts";
import { alarmBackoff, backoffMs, newerStorageBackoff } from "../core/backoff.ts";
import { AppError } from "../core/errors.ts";
import { type PlatformFailure, platformFailure } from "../core/platform-failure.ts";
import type { Bindings, Settings } from "../env.ts";
import type { ObservedSession } from "../observe/telemetry.ts";
import { type AgentNow, agentNow, turnAgent, withAgent } from "./agent-now.ts";
import { Reporter } from "./deliver/reporter.ts";
import { expiryOf } from "./expiry.ts";
import { type OpenSession, openSession, versionFacts } from "./open-session.ts";
import { SessionWork } from "./session-work.ts";
import { dropLeftovers, migrate, versionOf } from "./store/schema.ts";
import { type SessionAddress, type SessionChoices, SessionRecord, type SessionRow } from "./store/session-record.ts";
import { providerOf } from "./turn/turn-model.ts";
import { warnOnce } from "./turn/warn-once.ts";

/** A session that can be used. */
export interface AliveSession extends AgentNow {
  session: OpenSession;
  work: SessionWork;
}

/**
 * How it is with the session of this object. `erasing`: what is left of it is there until `done` settles, and nothing of it can be
 * used or made. `unreadable`: there are rows that this code cannot read.
 */
export type Lifecycle =
  | { state: "absent" }
  | ({ state: "alive" } & AliveSession)
  | { state: "erasing"; done: Promise<unknown>; children: SessionChildren | undefined }
  | { state: "erased" }
  | { state: "unreadable"; kind: PlatformFailure; error: unknown };

export class SessionLifecycle {
  readonly #ctx: DurableObjectState;
  readonly #bindings: Bindings;
  readonly #app: App;
  #reporter: Reporter;
  #now: Lifecycle = { state: "absent" };
  /** Erasing failed so often in a row, and is tried again then. */
  #eraseFailures = 0;
  #eraseAtMs = 0;
  #alarmFailures = 0;

  /** Takes up what an earlier instance left. */
  constructor(ctx: DurableObjectState, bindings: Bindings, app: App) {
    this.#ctx = ctx;
    this.#bindings = bindings;
    this.#app = app;
    this.#reporter = new Reporter(bindings);
    this.#begin();
  }

  /** The session, where it can be used. */
  get ifAlive(): AliveSession | undefined {
    return this.#now.state === "alive" ? this.#now : undefined;
  }

  /** The session. Throws `not_found` where there is none, and `unavailable` where its rows cannot be read. */
  get alive(): AliveSession {
    this.#mustBeReadable();
    if (this.#now.state === "alive") return this.#now;
    throw new AppError("not_found", "There is no such session.");
  }

  /** Those of the session, also while it is being erased: what they used is counted until it is gone. Throws as `alive`. */
  get children(): SessionChildren | undefined {
    return this.#now.state === "erasing" ? this.#now.children : this.alive.session.children;
  }

  /** Waits while a session of this name is being erased. One that is over is erased now. */
  async settled(): Promise<void> {
    if (this.#now.state === "erasing") await this.#now.done;
    this.#mustBeReadable();
    if (this.#now.state === "alive" && expiryOf(this.#now.work.lifeFacts, Date.now()) === "erase") await this.erase();
  }

  /** Makes the session. Throws `no_such_agent`, before anything is written, for an agent that the app does not have. */
  create(address: SessionAddress, choices: SessionChoices): AliveSession {
    const { storage } = this.#ctx;
    const { agents } = this.#app;
    const named = choices.agent ?? agents.first.name;
    const { name: agent } = choices.parent === undefined ? agents.mustHave(named) : agents.mustBeKnown(named);
    const create = () => SessionRecord.create(storage.sql, address, { ...choices, agent }, Date.now());
    const alive = this.open({ made: storage.transactionSync(create) });
    this.#reporter.knowsNew();
    // No alarm of its own is set. One that a session before it left comes once for nothing.
    alive.work.armedMs = null;
    alive.work.arm();
    return alive;
  }

  /** The session is in the rows: from now on it is alive. `made`: its row, where it was made just now. */
  open({ made }: { made?: SessionRow | undefined } = {}): AliveSession {
    // A turn may give the session to another agent.
    const source = { bindings: this.#bindings, session: () => versionFacts(session) };
    const now = agentNow(this.#app, { ...source, named: () => session.record.read().agent });
    const session: OpenSession = openSession(this.#ctx.storage, turnAgent(now), { made });
    const reporter = new Reporter(this.#bindings);
    this.#reporter = reporter;
    const eraseAtMs = () => this.#eraseAtMs;
    const [ctx, bindings, app] = [this.#ctx, this.#bindings, this.#app];
    session.durable = app.steps?.session(session);
    session.history = app.history?.session(session.log, () => session.feed.closed);
    session.log.readParts = app.history?.readParts;
    const hold = (sending: Promise<void>) => ctx.waitUntil(sending);
    const work = new SessionWork(session, withAgent({ ctx, bindings, app, reporter, eraseAtMs }, now));
    const children = app.delegation?.session({ session, bindings, agent: () => now.agent, hold, work });
    if (children !== undefined) session.turns.askedByChildren = () => children.waiting();
    const { settings, telemetry } = app;
    const observe = { agent: now.agent, settings, bindings, hold, rested: () => work.arm() };
    Object.assign(session, telemetry?.session(observed(session, observe)), children && { children });
    const alive = withAgent({ state: "alive" as const, session, work }, now);
    this.#now = alive;
    return alive;
  }

  /** Throws for a name that was erased: the sender of a message does not know that the session is gone. */
  refuseErased(address: SessionAddress): Promise<void> {
    return this.#reporter.refuseErased(address);
  }

  /** What the alarm is for. */
  async alarm(): Promise<void> {
    if (this.#now.state === "unreadable") this.#begin();
    if (this.#now.state === "unreadable") return this.armAgain();
    if (this.#now.state !== "alive") return;
    const { work } = this.#now;
    await work.beganInvocation();
    const expiry = expiryOf(work.lifeFacts, Date.now());
    if (expiry === "erase") return void (await this.erase());
    if (expiry === "stop") work.stopAll();
    work.resume();
  }

  /** Something failed in an alarm, maybe the arming itself: it comes again, later each time. */
  armAgain(): void {
    this.#alarmFailures++;
    // An instance rarely lives until its next alarm, so failures are counted from 1 again, and the first pause is long.
    const isNewer = this.#now.state === "unreadable" && this.#now.kind === "newer_storage";
    const range = isNewer ? newerStorageBackoff : alarmBackoff;
    const atMs = Date.now() + backoffMs(this.#alarmFailures, range, Math.random());
    void this.#ctx.storage.setAlarm(atMs);
    if (this.#now.state === "alive") this.#now.work.armedMs = atMs;
  }

  /** Erases everything the session has, here and in the account, and returns how much that was. */
  async erase(address?: SessionAddress): Promise<{ entries: number; bytes: number }> {
    while (this.#now.state === "erasing") await this.#now.done;
    const before = this.#now;
    const isDamaged = before.state === "unreadable" && (before.kind === "damaged" || before.kind === "full");
    if (isDamaged && address !== undefined) return this.#eraseUnread(address);
    // Its file was lost, or taken away because it could not be opened: only the account still lists it.
    const isGone = before.state !== "alive" && before.state !== "unreadable";
    if (isGone && address !== undefined && (await this.#leaveLost(address, before))) return { entries: 0, bytes: 0 };
    const { session, work } = this.alive;
    const receipt = session.log.size();
    if (work.owesReport) {
      await work.report();
      // Someone else may have erased it meanwhile.
      if (this.#now !== before) return this.erase(address);
    }
    work.end();
    const { children, record } = session;
    const forgotten = this.#forget(record.read(), { children, work });
    this.#now = { state: "erasing", done: forgotten.catch(nothing), children };
    await forgotten;
    return receipt;
  }

  /** What is made of this name meanwhile waits: the account would take it for what is erased. */
  #leaveLost(address: SessionAddress, before: Lifecycle): Promise<boolean> {
    const left = this.#reporter.leaveLost(address).finally(() => {
      if (this.#now === erasing) this.#now = before;
      // One that was made before it could wait is listed again.
      return this.ifAlive?.work.report();
    });
    const erasing: Lifecycle = { state: "erasing", done: left.catch(nothing), children: undefined };
    this.#now = erasing;
    return left;
  }

  /** A database that cannot be read stops no call here: each is refused with the reason, and the session can be erased. */
  #begin(): void {
    const { storage } = this.#ctx;
    this.#now = { state: "absent" };
    try {
      const stored = versionOf(storage.sql);
      if (stored.version === 0) dropLeftovers(storage.sql);
      else this.#takeUp(stored);
    } catch (error) {
      console.error("the session's storage cannot be read", error);
      this.#now = { state: "unreadable", kind: platformFailure(error) ?? "damaged", error };
    }
  }

  #takeUp(stored: StoredVersion): void {
    const { storage } = this.#ctx;
    storage.transactionSync(() => migrate(storage.sql, stored));
    const { session, work } = this.open();
    const isOwing = !session.outbox.isEmpty;
    if (isOwing && this.#app.deliveries === undefined)
      warnOnce("Sessions owe answers, and the app lists neither a channel nor callbacks(): they stay where they are.");
    try {
      const owes = session.telemetry?.owes || session.children?.owes;
      if (session.turns.busy || (this.#app.deliveries && isOwing) || owes) work.start();
    } catch (error) {
      // A full database lets no alarm be set, and is readable all the same.
      if (platformFailure(error) !== "full") throw error;
      console.error("the session's storage is full", error);
    }
  }

  #mustBeReadable(): void {
    if (this.#now.state !== "unreadable") return;
    const { kind, error } = this.#now;
    const { message, retryAfterSeconds } = unavailable(kind, error);
    const hint = kind === "damaged" ? " DELETE erases the session." : "";
    throw new AppError(
      "unavailable",
      `${message}${hint}`,
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  }

  /** Nothing can be read any more, so nothing is counted. */
  async #eraseUnread(address: SessionAddress): Promise<{ entries: number; bytes: number }> {
    await this.#reporter.leave(address);
    await this.#ctx.storage.deleteAll();
    this.#now = { state: "erased" };
    return { entries: 0, bytes: 0 };
  }

  /** The index goes first: should this be cut off, the session is still whole, and reports itself again. */
  async #forget(
    address: SessionAddress,
    { children, work }: { children: SessionChildren | undefined; work: SessionWork },
  ): Promise<void> {
    try {
      // Children that are left would have no one who stops them.
      await children?.erase();
      await children?.leaveParent();
      await work.reportLast();
      await this.#reporter.leave(address);
      await this.#ctx.storage.deleteAll();
      this.#eraseFailures = 0;
      this.#now = { state: "erased" };
    } catch (error) {
      this.#eraseFailures++;
      this.#eraseAtMs = Date.now() + backoffMs(this.#eraseFailures, alarmBackoff, Math.random());
      // Also where it cannot be opened again, this attempt is over: the next one must not wait for it.
      this.#begin();
      this.ifAlive?.work.start();
      throw error;
    }
  }
}

const nothing = () => {};

/** Throws a conflict when a session that exists has another agent than the one that was named for it. */
export function mustKeepAgent({ name }: Agent, named: string | undefined): void {
  if (named === undefined || named === name) return;
  const detail = `agent: this session has the agent "${name}", and keeps it. Leave agent out, or begin another session for "${named}".`;
  throw new AppError("conflict", detail, { field: "agent" });
}

interface ObservedSetup extends Pick<ObservedSession, "hold" | "rested"> {
  agent: Agent;
  settings: Settings;
  bindings: Bindings;
}

type SessionRows = Pick<ObservedSession, "storage" | "record" | "log" | "turns" | "steps" | "feedback" | "feed">;

/** What an app that lists `otel()` finds of a session. */
function observed(session: SessionRows, { hold, rested, ...setup }: ObservedSetup): ObservedSession {
  const { bindings, agent } = setup;
  return {
    ...{ ...session, hold, rested, agent: agent.name },
    provider: (model) => providerOf(model, setup),
    letters: () => accountObject(bindings, session.record.read().account),
    dropped: (count) => accountList(bindings).addDropped(count),
  };
}

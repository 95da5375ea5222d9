/** A session's life in memory: its parts while it exists, what works for it, and its end. Whatever is told to it is in the rows first. */
import { accountObject } from "../account/account.ts";
import { factsOfAccount } from "../account/account-facts.ts";
import { unavailable } from "../account/call-object.ts";
import type { StoredVersion } from "../account/ladder.ts";
import type { Agent } from "../agent/agent.ts";
import type { App } from "../agent/app.ts";
import type { SessionVersions } from "../agent/rollout-feature.ts";
import { alarmBackoff, backoffMs, newerStorageBackoff } from "../core/backoff.ts";
import type { TurnOptions } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { type PlatformFailure, platformFailure } from "../core/platform-failure.ts";
import type { Bindings } from "../env.ts";
import type { SessionSummary } from "../wire/native.ts";
import { arm } from "./alarm.ts";
import { Courier } from "./deliver/courier.ts";
import { observed } from "./deliver/observed.ts";
import { outletFault, outlets } from "./deliver/outlets.ts";
import { Reporter } from "./deliver/reporter.ts";
import { type Expiry, expiryDueMs, expiryOf, type LifeFacts } from "./expiry.ts";
import { type PastRequest, pastRequest } from "./read/past-request.ts";
import { summarize } from "./read/summarize.ts";
import { type SessionParts, sessionParts, versionFacts } from "./session-parts.ts";
import type { CopyStep } from "./store/copying.ts";
import { dropLeftovers, migrate, versionOf } from "./store/schema.ts";
import { type SessionAddress, type SessionChoices, SessionRecord } from "./store/session-record.ts";
import { Runner } from "./turn/runner.ts";
import { defaultModelId, mustBeAllowed } from "./turn/turn-model.ts";
import type { SendRequest } from "./turn/turns.ts";

export class SessionLife {
  readonly #ctx: DurableObjectState;
  readonly #bindings: Bindings;
  readonly #app: App;
  #parts: SessionParts | undefined;
  #agent: Agent | undefined;
  /** Which version of the agent its turns have; `choose` is to be called before one may begin. */
  version: SessionVersions | undefined;
  #runner: Runner | undefined;
  #courier: Courier | undefined;
  #reporter: Reporter;
  /** Why the database cannot be used, when it cannot. */
  #damage: { kind: PlatformFailure; error: unknown } | undefined;
  /** Erasing failed so often in a row, and is tried again then. */
  #eraseFailures = 0;
  #eraseAtMs = 0;
  #alarmFailures = 0;
  /** Work waits for a new invocation. */
  #nextAtMs: number | undefined;
  /** Settles when the session that was here is gone for good. */
  #erasing: Promise<unknown> = Promise.resolve();

  /** Takes up what an earlier instance left. */
  constructor(ctx: DurableObjectState, bindings: Bindings, app: App) {
    this.#ctx = ctx;
    this.#bindings = bindings;
    this.#app = app;
    this.#reporter = new Reporter(bindings);
    this.#begin();
  }

  /** A database that cannot be read stops no call here: each is refused with the reason, and the session can be erased. */
  #begin(): void {
    const { storage } = this.#ctx;
    this.#damage = undefined;
    try {
      const stored = versionOf(storage.sql);
      if (stored.version === 0) dropLeftovers(storage.sql);
      else this.#takeUp(stored);
    } catch (error) {
      console.error("the session's storage cannot be read", error);
      this.#parts = undefined;
      this.#damage = { kind: platformFailure(error) ?? "damaged", error };
    }
  }

  #takeUp(stored: StoredVersion): void {
    const { storage } = this.#ctx;
    storage.transactionSync(() => migrate(storage.sql, stored));
    const { turns, outbox, telemetry } = this.open();
    try {
      if (turns.busy || !outbox.isEmpty || telemetry?.owes) this.work();
    } catch (error) {
      // A full database lets no alarm be set, and is readable all the same.
      if (platformFailure(error) !== "full") throw error;
      console.error("the session's storage is full", error);
    }
  }

  /** The session's own, while there is one. One that is gone `isMissing`. */
  get agent(): Agent {
    void this.existing;
    return this.#agent ?? this.#app.agents.first;
  }

  #setup(agent: Agent) {
    const { settings, remoteTools } = this.#app;
    return { agent, settings, remoteTools, bindings: this.#bindings };
  }

  /** The session's agent. Throws `no_such_agent` where the app does not have it any more. */
  mustHaveAgent(): Agent {
    this.#app.agents.mustBeThere(this.agent);
    return this.agent;
  }

  /** Nothing goes on in a session whose agent is gone, and none changes its agent. What was taken before is answered as it was then. */
  mustTake({ receipt, claims, agent }: Pick<SendRequest, "receipt" | "claims" | "agent">): void {
    if (this.existing.turns.repeated(receipt, claims) !== undefined) return;
    this.mustHaveAgent();
    this.mustKeepAgent(agent);
  }

  /** Throws a conflict when the session has another agent than the caller named. */
  mustKeepAgent(named: string | undefined): void {
    const { name } = this.agent;
    if (named === undefined || named === name) return;
    const detail = `agent: this session has the agent "${name}", and keeps it. Leave agent out, or begin another session for "${named}".`;
    throw new AppError("conflict", detail, { field: "agent" });
  }

  get parts(): SessionParts | undefined {
    return this.#parts;
  }

  get existing(): SessionParts {
    this.#mustBeReadable();
    if (this.#parts !== undefined) return this.#parts;
    throw new AppError("not_found", "There is no such session.");
  }

  /** A session whose name is still being erased is waited for. */
  async settled(): Promise<void> {
    await this.#erasing;
    this.#mustBeReadable();
    if (this.#expiry === "erase") await this.erase();
  }

  #mustBeReadable(): void {
    if (this.#damage === undefined) return;
    const { kind, error } = this.#damage;
    const { message, retryAfterSeconds } = unavailable(kind, error);
    const hint = kind === "damaged" ? " DELETE erases the session." : "";
    throw new AppError(
      "unavailable",
      `${message}${hint}`,
      retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    );
  }

  create(address: SessionAddress, choices: SessionChoices): SessionParts {
    const { storage } = this.#ctx;
    const { name: agent } = this.#app.agents.mustHave(choices.agent ?? this.#app.agents.first.name);
    storage.transactionSync(() => SessionRecord.create(storage.sql, address, { ...choices, agent }, Date.now()));
    const parts = this.open();
    this.arm();
    return parts;
  }

  /** A copy is made with its source's agent, or the default one; throws `no_such_agent` before anything is written. */
  withAgent(step: CopyStep): CopyStep {
    if (step.type !== "begin") return step;
    const { agents } = this.#app;
    const { choices } = step.plan;
    const { name: agent } = agents.mustHave(choices.agent ?? agents.first.name);
    return { ...step, plan: { ...step.plan, choices: { ...choices, agent } } };
  }

  /** The session is in the rows: from now on it is here, too. */
  open(): SessionParts {
    const { agent: named } = new SessionRecord(this.#ctx.storage.sql).read();
    const agent = this.#app.agents.of(named);
    const session = () => versionFacts(parts);
    const version = this.#app.rollouts?.session({ agent, bindings: this.#bindings, session });
    const parts = sessionParts(this.#ctx.storage, version ?? agent);
    this.version = version;
    const hold = (work: Promise<void>) => this.#ctx.waitUntil(work);
    this.#parts = parts;
    this.#agent = agent;
    this.#reporter = new Reporter(this.#bindings);
    Object.assign(
      parts,
      this.#app.telemetry?.session(observed(parts, { ...this.#setup(agent), hold, rested: () => this.arm() })),
    );
    const { account, name } = parts.record.read();
    const outletOf = outlets({ app: this.#app, bindings: this.#bindings, account });
    const courier = new Courier(parts, {
      outletOf,
      outletFault: (name) => outletFault(this.#app, name),
      lead: (places) => accountObject(this.#bindings, account).leadPlaces(places, name),
      tellDead: (owed) => this.#tellDead(parts, owed.id),
      hold,
      nextInvocation: () => this.#nextInvocation(),
      rested: () => this.arm(),
    });
    this.#courier = courier;
    this.#runner = new Runner(parts, {
      ...this.#setup(agent),
      version,
      secrets: this.#app.secrets,
      hold,
      read: async (reading) => outletOf(reading.reference.channel)?.read?.(reading),
      moved: () => courier.wake(),
      nextInvocation: () => this.#nextInvocation(),
      rested: () => {
        parts.telemetry?.wake();
        this.arm();
        hold(this.report());
      },
    });
    return parts;
  }

  /** Something is to be done: it is begun, and watched over. */
  work(): void {
    this.arm();
    this.wake();
  }

  /** Whatever is left undone is taken up. */
  wake(): void {
    if (this.#parts?.turns.busy) this.#runner?.wake();
    this.#courier?.wake();
    this.#parts?.telemetry?.wake();
  }

  abort(turn?: string): void {
    this.#runner?.abort(turn);
  }

  /** Ends a turn, or the open one; its name, or null where there is nothing to end. */
  stop(turn: string | undefined): string | null {
    const target = this.existing.turns.cancel(turn);
    if (target === null) return null;
    this.abort(target);
    this.work();
    return target;
  }

  arm(): void {
    if (this.#parts === undefined) return;
    const nowMs = Date.now();
    const expiryMs = expiryDueMs(this.#facts(this.#parts), nowMs);
    const others = [
      ...(this.#courier?.dueMs(nowMs) ?? []),
      this.#parts.telemetry?.dueMs(nowMs),
      this.#reporter.retryAtMs,
      this.#nextAtMs,
      expiryMs && Math.max(expiryMs, this.#eraseAtMs),
    ];
    arm(this.#parts, {
      workMs: this.#runner?.retryAtMs,
      othersMs: others.filter((dueMs) => dueMs !== undefined),
      maxWaitMs: this.agent.limits.waitSeconds * 1000,
    });
  }

  /** What is open goes on in an alarm, at once. */
  #nextInvocation(): void {
    this.#nextAtMs = Date.now() + 1;
    this.arm();
  }

  /** What the alarm is for. Re-armed before anything else. */
  async alarm(): Promise<void> {
    if (this.#damage !== undefined) this.#begin();
    if (this.#damage !== undefined) return this.armAgain();
    if (this.#parts === undefined) return;
    this.#nextAtMs = undefined;
    this.arm();
    this.#courier?.beganInvocation();
    const working = this.#runner?.working;
    if (working !== undefined) this.#parts.heartbeat.beat(working, Date.now());
    if ((this.#reporter.retryAtMs ?? Number.POSITIVE_INFINITY) <= Date.now()) await this.report();
    const expiry = this.#expiry;
    if (expiry === "erase") return void (await this.erase());
    if (expiry === "stop") this.#stopAll(this.#parts);
    this.wake();
  }

  /** Something failed in an alarm, maybe the arming itself: it comes again, later each time. */
  armAgain(): void {
    this.#alarmFailures++;
    // An instance rarely lives until its next alarm, so failures are counted from 1 again, and the first pause is long.
    const range = this.#damage?.kind === "newer_storage" ? newerStorageBackoff : alarmBackoff;
    void this.#ctx.storage.setAlarm(Date.now() + backoffMs(this.#alarmFailures, range, Math.random()));
  }

  get #expiry(): Expiry {
    return this.#parts === undefined ? "lives" : expiryOf(this.#facts(this.#parts), Date.now());
  }

  #facts({ record, turns, outbox, telemetry }: SessionParts): LifeFacts {
    const owes = turns.busy || outbox.owes || telemetry?.owes === true;
    return { expiresAtMs: record.read().expiresAtMs, owes };
  }

  /** The session is over, and so are its turns: each ends, and its answer is delivered, before it is erased. */
  #stopAll({ turns }: SessionParts): void {
    turns.cancelAll();
    this.abort();
  }

  /** With the model that answers where none is named: the first one that the account may use. */
  async summary(): Promise<SessionSummary> {
    const parts = this.existing;
    const { agent } = this;
    // Which model would answer is not known without the agent.
    if (agent.isMissing) return summarize(parts, agent, "");
    const { account, model } = parts.record.read();
    const { settings } = this.#app;
    // Where there is nothing to choose, the account is not asked.
    const isClear = model !== null || agent.models.length === 1;
    const facts = isClear ? undefined : await factsOfAccount(this.#bindings, account).catch(() => undefined);
    return summarize(parts, agent, defaultModelId(settings, agent, facts?.models));
  }

  async report(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    const summary = await this.summary();
    if (parts === this.#parts) await this.#reporter.report(parts, summary);
  }

  /** The request that entry `seq` answered. */
  request(seq: number): Promise<PastRequest> {
    return pastRequest(this.existing, { ...this.#setup(this.mustHaveAgent()), version: this.version }, seq);
  }

  /** Throws, before anything is stored, when the account may use none of the models that would answer. `choices`: of a session that is to be made. */
  mustBeAllowed(options: TurnOptions, models: readonly string[] | undefined, choices: SessionChoices = {}): void {
    const own = this.#parts?.record.read();
    const sessionModel = own?.model ?? choices.model ?? null;
    mustBeAllowed(
      {
        ...this.#setup(own === undefined ? this.#app.agents.of(choices.agent ?? null) : this.agent),
        sessionModel,
        options,
      },
      models,
    );
  }

  refuseErased(address: SessionAddress): Promise<void> {
    return this.#reporter.refuseErased(address);
  }

  /** Erases everything the session has, here and in the account, and tells how much that was. */
  async erase(address?: SessionAddress): Promise<{ entries: number; bytes: number }> {
    const damage = this.#damage?.kind;
    if ((damage === "damaged" || damage === "full") && address !== undefined) return this.#eraseDamaged(address);
    // Its file was lost, or taken away because it could not be opened: only the account still lists it.
    const isNone = damage === undefined && this.#parts === undefined;
    if (isNone && address !== undefined && (await this.#reporter.leaveLost(address))) return { entries: 0, bytes: 0 };
    const parts = this.existing;
    const receipt = parts.log.size();
    this.#parts = undefined;
    parts.feed.close();
    this.#runner?.abort();
    this.#courier?.wake();
    this.#runner = undefined;
    this.#courier = undefined;
    const forgotten = this.#forget(parts.record.read());
    this.#erasing = forgotten.catch(() => {});
    await forgotten;
    return receipt;
  }

  /** Nothing can be read any more, so nothing is counted. */
  async #eraseDamaged(address: SessionAddress): Promise<{ entries: number; bytes: number }> {
    await this.#reporter.leave(address);
    await this.#ctx.storage.deleteAll();
    this.#damage = undefined;
    return { entries: 0, bytes: 0 };
  }

  /** The index goes first: should this be cut off, the session is still whole, and reports itself again. */
  async #forget(address: SessionAddress): Promise<void> {
    try {
      await this.#reporter.leave(address);
      await this.#ctx.storage.deleteAll();
      this.#eraseFailures = 0;
    } catch (error) {
      this.#eraseFailures++;
      this.#eraseAtMs = Date.now() + backoffMs(this.#eraseFailures, alarmBackoff, Math.random());
      this.open();
      this.work();
      throw error;
    }
  }

  async #tellDead({ outbox, record }: SessionParts, id: string): Promise<void> {
    const owed = outbox.byId(id);
    if (owed === undefined) return;
    const { account, name: session } = record.read();
    const { turn, address, error, attempts, createdAtMs } = owed;
    const letter = { id, session, turn, address, error: error ?? "", attempts, createdAtMs, diedAtMs: Date.now() };
    await accountObject(this.#bindings, account).addDeadLetter(letter);
  }
}

/** A session's life in memory: its parts while it exists, what works for it, and its end. Whatever is told to it is in the rows first. */
import { accountObject } from "../account/account.ts";
import { agent } from "../agent.ts";
import type { TurnOptions } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { SessionSummary } from "../dialects/native.ts";
import { type Bindings, parseSettings, type Settings } from "../env.ts";
import { arm } from "./alarm.ts";
import { Courier } from "./courier.ts";
import { outlets } from "./outlets.ts";
import { type PastRequest, pastRequest } from "./past-request.ts";
import { Reporter } from "./reporter.ts";
import { Runner } from "./runner.ts";
import { migrate, versionOf } from "./schema.ts";
import { type SessionParts, sessionParts } from "./session-parts.ts";
import { type SessionAddress, type SessionChoices, SessionRecord } from "./session-record.ts";
import { summarize } from "./summarize.ts";
import { modelIds, mustBeAllowed } from "./turn-model.ts";

export class SessionLife {
  readonly #ctx: DurableObjectState;
  readonly #bindings: Bindings;
  readonly #settings: Settings;
  #parts: SessionParts | undefined;
  #runner: Runner | undefined;
  #courier: Courier | undefined;
  #reporter: Reporter;
  /** Settles when the session that was here is gone for good. */
  #erasing: Promise<unknown> = Promise.resolve();

  /** Takes up what an earlier instance left. */
  constructor(ctx: DurableObjectState, bindings: Bindings) {
    this.#ctx = ctx;
    this.#bindings = bindings;
    this.#settings = parseSettings(bindings);
    this.#reporter = new Reporter(bindings);
    const version = versionOf(ctx.storage.sql);
    if (version === 0) return;
    ctx.storage.transactionSync(() => migrate(ctx.storage.sql, version));
    const { turns, outbox } = this.open();
    if (turns.busy || !outbox.isEmpty) this.work();
  }

  get parts(): SessionParts | undefined {
    return this.#parts;
  }

  get existing(): SessionParts {
    if (this.#parts !== undefined) return this.#parts;
    throw new AppError("not_found", "There is no such session.");
  }

  /** A session whose name is still being erased is waited for. */
  async settled(): Promise<void> {
    await this.#erasing;
  }

  create(address: SessionAddress, choices: SessionChoices): SessionParts {
    const { storage } = this.#ctx;
    storage.transactionSync(() => SessionRecord.create(storage.sql, address, choices, Date.now()));
    const parts = this.open();
    this.arm();
    return parts;
  }

  /** The session is in the rows: from now on it is here, too. */
  open(): SessionParts {
    const parts = sessionParts(this.#ctx.storage);
    const hold = (work: Promise<void>) => this.#ctx.waitUntil(work);
    this.#parts = parts;
    this.#reporter = new Reporter(this.#bindings);
    const courier = new Courier(parts, {
      outletOf: outlets({ settings: this.#settings, bindings: this.#bindings, account: parts.record.read().account }),
      tellDead: (owed) => this.#tellDead(parts, owed.id),
      hold,
      rested: () => this.arm(),
    });
    this.#courier = courier;
    this.#runner = new Runner(parts, {
      agent,
      settings: this.#settings,
      bindings: this.#bindings,
      hold,
      moved: () => courier.wake(),
      rested: () => {
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
  }

  abort(turn?: string): void {
    this.#runner?.abort(turn);
  }

  arm(): void {
    if (this.#parts === undefined) return;
    const deliveriesMs = this.#courier?.dueMs(Date.now()) ?? [];
    arm(this.#parts, { deliveriesMs, maxWaitMs: agent.limits.waitSeconds * 1000 });
  }

  summary(): SessionSummary {
    return summarize(this.existing, modelIds(this.#settings, agent)[0]);
  }

  async report(): Promise<void> {
    if (this.#parts !== undefined) await this.#reporter.report(this.#parts, this.summary());
  }

  /** The request that entry `seq` answered. */
  request(seq: number): Promise<PastRequest> {
    return pastRequest(this.existing, { agent, settings: this.#settings, bindings: this.#bindings }, seq);
  }

  /** Throws, before anything is stored, when the account may use none of the models that would answer. `choices`: of a session that is to be made. */
  mustBeAllowed(options: TurnOptions, models: readonly string[] | undefined, choices: SessionChoices = {}): void {
    const sessionModel = this.#parts?.record.read().model ?? choices.model ?? null;
    mustBeAllowed({ settings: this.#settings, bindings: this.#bindings, sessionModel, options }, models);
  }

  refuseErased(address: SessionAddress): Promise<void> {
    return this.#reporter.refuseErased(address);
  }

  /** Erases everything the session has, here and in the account, and tells how much that was. */
  async erase(): Promise<{ entries: number; bytes: number }> {
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

  /** The index goes first: should this be cut off, the session is still whole, and reports itself again. */
  async #forget(address: SessionAddress): Promise<void> {
    try {
      await this.#reporter.leave(address);
      await this.#ctx.storage.deleteAll();
    } catch (error) {
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

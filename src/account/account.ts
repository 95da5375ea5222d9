/** The Durable Object of an account: what must be known about all its sessions together, its keys and its limits. Holds no transcripts. */
import { DurableObject } from "cloudflare:workers";
import type { AccountShares, ShareToOpen } from "../core/account-shares.ts";
import type { Bindings } from "../env.ts";
import type { AccountJob, AccountJobHost, ReportedFeedback, ReportedTurn } from "../observe/telemetry.ts";
import type { SessionSummary } from "../wire/native.ts";
import type { KeyInfo, KeyRight } from "./account-keys.ts";
import { accountMethods } from "./account-methods.ts";
import { type AccountLimits, type AccountSettings, type AccountState, callbackSecret } from "./account-record.ts";
import { type AccountStore, accountStore, type ChannelMessage } from "./account-store.ts";
import { AccountWatch } from "./account-watch.ts";
import { serveCall } from "./call-object.ts";
import type { ChannelState, DeadLetter } from "./dead-letters.ts";
import { type AccountReceipt, Erasure } from "./erasure.ts";
import { withFeedback } from "./feedback-list.ts";
import { forgetFacts } from "./known-facts.ts";
import { monthOf, type StepRecord, type UsageQuery, type UsageSum } from "./ledger.ts";
import { type Outcome, outcome } from "./outcome.ts";
import type { PrefixInfo } from "./prefix-store.ts";
import type { SessionPage, SessionQuery, SessionText } from "./session-index.ts";
import type { TurnPage, TurnQuery } from "./turn-list.ts";

/** What happened in a session from where it reported last up to entry `throughSeq`. */
export interface SessionNews {
  throughSeq: number;
  steps: StepRecord[];
  texts: SessionText[];
  /** Turns that have ended; absent in reports of earlier versions. */
  turns?: ReportedTurn[];
}

/** What an account's object depends on, from the app, since Cloudflare makes objects with a context and bindings alone. */
export interface AccountSetup {
  /** How long ended turns stay listed. */
  keepTurnsMs: number;
  /** Work that it does beside requests. */
  jobs(host: AccountJobHost): AccountJob[];
  /** Money of sessions that work for others; absent where none does. */
  shares?: ((sql: SqlStorage) => AccountShares) | undefined;
  /** Erases a session of the account, with all that it has. */
  eraseSession(account: string, session: string): Promise<{ entries: number; bytes: number }>;
}

const noSetup: AccountSetup = {
  keepTurnsMs: Number.POSITIVE_INFINITY,
  jobs: () => [],
  eraseSession: () => Promise.reject(new Error("This account knows no sessions.")),
};

/** What the holder of a key, or of a token, must know of the account. */
export interface AccountAccess {
  limits: AccountLimits;
  /** Signs the account's session tokens. */
  tokenSecret: string;
  /** Whether names of erased sessions are remembered; absent from objects of earlier versions. */
  hasErased?: boolean;
  /** Of the key that was asked about. */
  keyRights?: readonly KeyRight[];
}

export class Account extends DurableObject<Bindings> {
  #made: AccountStore | undefined;
  readonly #setup: AccountSetup;
  readonly #watch: AccountWatch;
  readonly #erasure: Erasure;

  constructor(ctx: DurableObjectState, bindings: Bindings, setup: AccountSetup = noSetup) {
    super(ctx, bindings);
    this.#setup = setup;
    this.#erasure = new Erasure(ctx.storage, {
      store: () => (this.#exists ? this.#store : undefined),
      eraseSession: (session) => setup.eraseSession(ctx.id.name ?? "", session),
      wiped: () => {
        this.#made = undefined;
        this.#watch.forget();
      },
    });
    const isClosing = () => this.#erasure.isBegun;
    this.#watch = new AccountWatch(ctx, (host) => [...setup.jobs({ ...host, isClosing }), this.#erasure]);
  }

  /** A session reports its state, what happened since its last report, and what it saw of channels; returns up to which entry that is recorded. A report that comes twice counts once. */
  report(summary: SessionSummary, news?: SessionNews, channels: readonly ChannelState[] = []): number {
    const { id } = summary;
    const { index, budget, turns, deadLetters } = this.#store;
    return this.#watch.transaction((jobs) => {
      deadLetters.sawChannels(channels);
      const reportedSeq = index.put(summary, news?.throughSeq);
      if (news !== undefined) {
        budget.settle(id, news.steps);
        index.addTexts(id, news.texts);
        const added = turns.record(id, news.turns ?? []);
        if (added.length > 0) turns.removeOld(Date.now(), this.#setup.keepTurnsMs);
        for (const job of jobs) job.turnsEnded(added);
      }
      return reportedSeq;
    });
  }

  usage(of: UsageQuery): UsageSum[] {
    const { ledger, feedback } = this.#store;
    return withFeedback(ledger.sums(of), feedback.sums(of));
  }

  /** Ended turns, newest first. */
  listTurns(query: TurnQuery): TurnPage {
    return this.#store.turns.list(query);
  }

  /** A person's feedback on a turn's answer, in place of the earlier one. */
  putFeedback(session: string, given: ReportedFeedback): void {
    const { feedback } = this.#store;
    this.#watch.transaction((jobs) => {
      const before = feedback.put(session, given);
      for (const job of jobs) job.feedbackGiven(given, before);
    });
  }

  /** Has a job of the app answer; `conflict` where the app lists none of that name. */
  ask(job: string, method: string, args: unknown[]): Promise<Outcome<unknown>> {
    void this.#store;
    return outcome(() => this.#watch.ask(job, method, args));
  }

  /** Counts what sessions of this Worker had to drop of their telemetry. Only in the object of the list. */
  addDropped(count: number): void {
    this.#store.accounts.addDropped(count);
  }

  droppedTelemetry(): number {
    return this.#store.accounts.droppedTelemetry;
  }

  override async alarm(): Promise<void> {
    void this.#store;
    await this.#watch.run();
  }

  /** What its steps used stays in the ledger. */
  removeSession(id: string): void {
    const { index, budget, deadLetters } = this.#store;
    this.ctx.storage.transactionSync(() => {
      index.remove(id);
      budget.release(id, Date.now());
      deadLetters.removeOf(id);
      this.#watch.sessionErased(id);
    });
  }

  /** Removes a session that is listed and has no rows of its own any more, because its file was lost; false when it is not listed. */
  removeLost(id: string): boolean {
    if (!this.#store.index.isListed(id)) return false;
    this.removeSession(id);
    return true;
  }

  wasErased(id: string): boolean {
    return this.#store.index.wasErased(id);
  }

  listSessions(page: SessionQuery): SessionPage {
    return this.#store.index.list(page);
  }

  /** Sets money aside for a model call. `refused`: the budget would be passed; `unlimited`: the account has none. */
  reserve(call: { session: string; seq: number; micros: number }): "reserved" | "refused" | "unlimited" {
    if (this.#limits.budgetMicros === undefined && this.#setup.shares === undefined) return "unlimited";
    const reserve = () => (this.#store.budget.reserve(call, this.#limits, Date.now()) ? "reserved" : "refused");
    return this.ctx.storage.transactionSync(reserve);
  }

  /** Sets a share of the budget aside for a session, false where there is not so much; or frees what the session `over` has not spent. */
  share(share: ShareToOpen | { over: string }): boolean {
    return this.ctx.storage.transactionSync(() => this.#store.budget.share(share, this.#limits, Date.now()));
  }

  /** A step has cost this much: the rest of what was set aside for it is free again. It is recorded when the session reports. */
  settle(session: string, seq: number, costMicros: number): void {
    this.#store.budget.free(session, seq, costMicros);
  }

  /** Counts a message; the seconds to wait when there were too many within the last minute. `id`: a number that names this call, so that it counts once. */
  admit(nowMs: number, id?: number): number {
    const { ratePerMinute } = this.#limits;
    return ratePerMinute === undefined ? 0 : this.#store.rate.admit(ratePerMinute, nowMs, id);
  }

  /** What the holder of this key may do; `undefined` when no live key has this SHA-256. Asking about an account that was never made stores nothing. */
  accessByKey(keyHash: string): AccountAccess | undefined {
    const keyRights = this.#exists ? this.#store.keys.rightsOf(keyHash) : undefined;
    return keyRights && { ...this.access(), keyRights };
  }

  /** The same for a caller that was admitted without a key. */
  access(): AccountAccess {
    const made = this.#exists && this.#store.record.read() !== undefined;
    return {
      limits: this.#limits,
      tokenSecret: made ? this.#store.record.tokenSecret("", 0) : "",
      hasErased: this.#exists && this.#store.index.hasErased,
    };
  }

  /** The secret that session tokens are signed with, made when it is needed for the first time. */
  tokenSecret(id: string): string {
    return this.#store.record.tokenSecret(id, Date.now());
  }

  /** What the account's callbacks are signed with. */
  callbackSecret(id: string): Promise<string> {
    return callbackSecret(this.tokenSecret(id));
  }

  /** Keeps a prefix under its name; false when it was there already. */
  putPrefix(info: PrefixInfo, text: string): boolean {
    return this.ctx.storage.transactionSync(() => this.#store.prefixes.put(info, text));
  }

  listPrefixes(): PrefixInfo[] {
    return this.#exists ? this.#store.prefixes.list() : [];
  }

  readPrefix(id: string): string | undefined {
    return this.#store.prefixes.read(id);
  }

  /** How large it is, and how many sessions use it. */
  prefixInfo(id: string): { info: PrefixInfo; sessions: number } | undefined {
    const info = this.#store.prefixes.info(id);
    return info && { info, sessions: this.#store.index.withPrefix(id) };
  }

  removePrefix(id: string): void {
    this.ctx.storage.transactionSync(() => this.#store.prefixes.remove(id));
  }

  /** Records model calls that belong to no turn. */
  record(session: string, steps: StepRecord[]): void {
    this.ctx.storage.transactionSync(() => this.#store.budget.settle(session, steps));
  }

  /** Lists a delivery that was given up. */
  addDeadLetter(letter: DeadLetter): void {
    this.#store.deadLetters.put(letter);
  }

  /** Those that were given up, newest first, and the state of each channel. */
  deliveries(limit: number): { letters: DeadLetter[]; channels: ChannelState[] } {
    return { letters: this.#store.deadLetters.list(limit), channels: this.#store.deadLetters.channelStates() };
  }

  deadLetter(id: string): DeadLetter | undefined {
    return this.#store.deadLetters.byId(id);
  }

  removeDeadLetter(id: string, diedAtMs?: number): void {
    this.#store.deadLetters.remove(id, diedAtMs);
  }

  /** A message came in by a channel: the session it belongs to, and the seconds to wait when there were too many. */
  receive({ alias, place, session, id }: ChannelMessage): {
    session: string;
    waitSeconds: number;
    /** Ids of the models that the account may use. */
    models?: string[];
  } {
    const nowMs = Date.now();
    const waitSeconds = this.admit(nowMs, id);
    const { models } = this.#limits;
    const limits = { waitSeconds, ...(models && { models }) };
    const led = place === undefined ? undefined : this.#store.aliases.sessionOf(place);
    if (led !== undefined) return { session: led, ...limits };
    if (alias === undefined || waitSeconds > 0) return { session, ...limits };
    return { session: this.#store.aliases.firstUse(alias, session, nowMs), ...limits };
  }

  /** From now on messages of that place belong to that session. */
  leadPlaces(places: readonly string[], session: string): void {
    for (const place of places) this.#store.aliases.lead(place, session, Date.now());
  }

  /** The token of a Slack workspace that installed the app. */
  slackToken(team: string): string | undefined {
    return this.#exists ? this.#store.slackInstalls.tokenOf(team) : undefined;
  }

  addSlackInstall(team: string, botToken: string): void {
    this.#store.slackInstalls.put(team, botToken, Date.now());
  }

  removeSlackInstall(team: string): void {
    this.#store.slackInstalls.remove(team);
  }

  /** A session is about to give a client calls of these names. */
  handOut(names: readonly string[], session: string): void {
    const { aliases } = this.#store;
    this.ctx.storage.transactionSync(() => {
      for (const name of names) aliases.own(`call ${name}`, session, Date.now());
    });
  }

  /** Whether each of these calls was given to a client within the last week, by one session alone. */
  wereHandedOutOnce(names: readonly string[]): boolean {
    return names.every((name) => Boolean(this.#store.aliases.sessionOf(`call ${name}`)));
  }

  /** True at the first call with this name, within a week. */
  isFirst(name: string): boolean {
    return this.#store.aliases.isFirst(name, Date.now());
  }

  /** How the Worker and the sessions call the methods above; see `serveCall`. */
  call(version: number, method: string, args: unknown[]): unknown {
    return serveCall(this, accountMethods, { version, method, args });
  }

  settings(): AccountState | undefined {
    if (!this.#exists || this.#erasure.isBegun) return undefined;
    const { record, ledger, budget } = this.#store;
    const settings = record.read();
    if (settings === undefined) return undefined;
    const nowMs = Date.now();
    const isMonthly = settings.limits.budgetPeriod === "month";
    return {
      ...settings,
      spentMicros: budget.spentMicros(settings.limits, nowMs),
      spentInAllMicros: ledger.spentMicros,
      reservedMicros: budget.reservedMicros,
      ...(isMonthly && { resetsAtMs: monthOf(nowMs).endMs }),
    };
  }

  putSettings(id: string, limits: AccountLimits): AccountSettings {
    const settings = this.#store.record.put(id, limits, Date.now());
    // Sessions in this isolate need not wait until what they remember is old.
    forgetFacts(id);
    return settings;
  }

  createKey(id: string, rights: readonly KeyRight[] = []): Promise<Outcome<KeyInfo & { key: string }>> {
    return outcome(() => this.#store.keys.create(id, Date.now(), rights));
  }

  listKeys(): KeyInfo[] {
    return this.#exists ? this.#store.keys.list() : [];
  }

  revokeKey(keyId: string): boolean {
    return this.#exists && this.#store.keys.revoke(keyId, Date.now());
  }

  /**
   * Erases the account: its keys and tokens are refused from now on, and its sessions are erased here as far as a request has
   * time for it, the others by the alarm. Called again, it goes on; `undefined` when there is no account.
   */
  async eraseAccount(id: string): Promise<AccountReceipt | undefined> {
    if (!this.#exists || this.#store.record.read() === undefined) return undefined;
    this.#watch.transaction(() => this.#erasure.begin(Date.now()));
    forgetFacts(id);
    // Should it fail, the alarm does it again.
    await this.#erasure.run(Date.now()).catch((error: unknown) => console.error("an account was not erased", error));
    return this.#erasure.receipt;
  }

  /** Whether the account is being erased: its name is free when that is done. */
  isBeingErased(): boolean {
    return this.#exists && this.#erasure.isBegun;
  }

  /** Only in the object of the list, as the next two. */
  removeAccount(id: string): void {
    this.#store.accounts.remove(id);
  }

  addAccount(id: string): void {
    this.#store.accounts.add(id, Date.now());
  }

  accountIds(): string[] {
    return this.#store.accounts.ids();
  }

  get #limits(): AccountLimits {
    return this.#exists ? (this.#store.record.read()?.limits ?? {}) : {};
  }

  get #exists(): boolean {
    if (this.#made !== undefined) return true;
    return this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'account'").toArray().length > 0;
  }

  /** The tables are made when something is to be written or listed, never for a caller that tries keys. */
  get #store(): AccountStore {
    if (this.#made !== undefined) return this.#made;
    this.#made = accountStore(this.ctx.storage, this.#setup.shares);
    return this.#made;
  }
}

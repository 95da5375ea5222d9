/** What an account's object consists of, over one database. Making it brings the database up to date. */
import type { AccountShares } from "../core/account-shares.ts";
import { AccountKeys } from "./account-keys.ts";
import { AccountList } from "./account-list.ts";
import { AccountRecord } from "./account-record.ts";
import { DeadLetters } from "./dead-letters.ts";
import { FeedbackList } from "./feedback-list.ts";
import { Budget, Ledger } from "./ledger.ts";
import { PrefixStore } from "./prefix-store.ts";
import { migrateAccount } from "./schema.ts";
import { SessionIndex } from "./session-index.ts";
import { TurnList } from "./turn-list.ts";

export interface AccountStore {
  index: SessionIndex;
  ledger: Ledger;
  budget: Budget;
  rate: MessageRate;
  keys: AccountKeys;
  record: AccountRecord;
  prefixes: PrefixStore;
  deadLetters: DeadLetters;
  aliases: Aliases;
  slackInstalls: SlackInstalls;
  turns: TurnList;
  feedback: FeedbackList;
  /** Used only in the object of the list. */
  accounts: AccountList;
}

/** `shares`: where the app's agents call others. */
export function accountStore(storage: DurableObjectStorage, shares?: (sql: SqlStorage) => AccountShares): AccountStore {
  migrateAccount(storage);
  const { sql } = storage;
  const ledger = new Ledger(sql);
  return {
    index: new SessionIndex(sql),
    ledger,
    budget: new Budget(sql, ledger, shares?.(sql)),
    rate: new MessageRate(sql),
    keys: new AccountKeys(sql),
    record: new AccountRecord(sql),
    prefixes: new PrefixStore(sql),
    deadLetters: new DeadLetters(sql),
    aliases: new Aliases(sql),
    slackInstalls: new SlackInstalls(sql),
    turns: new TurnList(sql),
    feedback: new FeedbackList(sql),
    accounts: new AccountList(sql),
  };
}

const keptMs = 7 * 24 * 3_600_000;
/** How long a thread leads to the session that it belongs to. */
const placeMs = 90 * 24 * 3_600_000;

const upsert = `INSERT INTO aliases (name, session, at) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET session = excluded.session, at = excluded.at`;

/** A message that a channel brings. `alias`: see `Aliases`; `place`: a thread that may belong to another session; `id` names the call. */
export interface ChannelMessage {
  alias?: string | undefined;
  place?: string | undefined;
  session: string;
  id?: number;
}

/** Names that a sender gives one and the same message even where it comes into two sessions: the session that had it first is remembered, for longer than any messenger delivers again. */
export class Aliases {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The session that the name was first used for: `session`, unless there was one before. */
  firstUse(name: string, session: string, nowMs: number): string {
    this.#sql.exec("DELETE FROM aliases WHERE at < ?", nowMs - keptMs);
    this.#sql.exec("INSERT OR IGNORE INTO aliases (name, session, at) VALUES (?, ?, ?)", name, session, nowMs);
    return this.#sql.exec<{ session: string }>("SELECT session FROM aliases WHERE name = ?", name).one().session;
  }

  /** From now on the name leads to that session, for 90 days. */
  lead(name: string, session: string, nowMs: number): void {
    this.#sql.exec(upsert, name, session, nowMs + placeMs - keptMs);
  }

  /** The session that the name leads to. */
  sessionOf(name: string): string | undefined {
    return this.#sql.exec<{ session: string }>("SELECT session FROM aliases WHERE name = ?", name).toArray()[0]
      ?.session;
  }

  /** The name is that session's, for a week; no session's once a second one claims it. */
  own(name: string, session: string, nowMs: number): void {
    const owner = this.firstUse(name, session, nowMs);
    if (owner !== session) this.#sql.exec("UPDATE aliases SET session = '' WHERE name = ?", name);
  }

  /** True at the first call with this name, within a week. */
  isFirst(name: string, nowMs: number): boolean {
    if (this.sessionOf(name) !== undefined) return false;
    this.firstUse(name, "", nowMs);
    return true;
  }
}

const minuteMs = 60_000;

/** How many messages an account sends a minute, counted exactly: one row for each of the last minute. */
export class MessageRate {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Counts a message; the seconds to wait when `perMinute` were sent within the last minute, and then it does not count. A message that has a name, `id`, counts once. */
  admit(perMinute: number, nowMs: number, id?: number): number {
    if (id !== undefined && this.#isKnown(id)) return 0;
    this.#sql.exec("DELETE FROM admitted WHERE at <= ?", nowMs - minuteMs);
    const { n, oldest } = this.#sql
      .exec<{ n: number; oldest: number | null }>("SELECT count(*) AS n, min(at) AS oldest FROM admitted")
      .one();
    if (n >= perMinute) return Math.max(1, Math.ceil(((oldest ?? nowMs) + minuteMs - nowMs) / 1000));
    this.#sql.exec("INSERT INTO admitted (id, at) VALUES (?, ?)", id ?? null, nowMs);
    return 0;
  }

  #isKnown(id: number): boolean {
    return this.#sql.exec("SELECT 1 FROM admitted WHERE id = ?", id).toArray().length > 0;
  }
}

const upsertInstall = `INSERT INTO slack_installs (team, bot_token, at) VALUES (?, ?, ?)
  ON CONFLICT (team) DO UPDATE SET bot_token = excluded.bot_token, at = excluded.at`;

/** Tokens of the Slack workspaces that installed the app, by workspace (or organisation). */
export class SlackInstalls {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(team: string, botToken: string, nowMs: number): void {
    this.#sql.exec(upsertInstall, team, botToken, nowMs);
  }

  tokenOf(team: string): string | undefined {
    const query = "SELECT bot_token FROM slack_installs WHERE team = ?";
    return this.#sql.exec<{ bot_token: string }>(query, team).toArray()[0]?.bot_token;
  }

  remove(team: string): void {
    this.#sql.exec("DELETE FROM slack_installs WHERE team = ?", team);
  }
}

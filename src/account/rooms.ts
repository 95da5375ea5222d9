/** What an account's object consists of, over one database. Making it brings the database up to date. */
import { AccountKeys } from "./account-keys.ts";
import { AccountList } from "./account-list.ts";
import { AccountRecord } from "./account-record.ts";
import { Aliases } from "./aliases.ts";
import { Budget } from "./budget.ts";
import { DeadLetters } from "./dead-letters.ts";
import { FeedbackList } from "./feedback-list.ts";
import { Ledger } from "./ledger.ts";
import { MessageRate } from "./message-rate.ts";
import { PrefixStore } from "./prefix-store.ts";
import { migrateAccount } from "./schema.ts";
import { SessionIndex } from "./session-index.ts";
import { SlackInstalls } from "./slack-installs.ts";
import { TurnList } from "./turn-list.ts";

export interface Rooms {
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

export function roomsOf(storage: DurableObjectStorage): Rooms {
  migrateAccount(storage);
  const { sql } = storage;
  const ledger = new Ledger(sql);
  return {
    index: new SessionIndex(sql),
    ledger,
    budget: new Budget(sql, ledger),
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

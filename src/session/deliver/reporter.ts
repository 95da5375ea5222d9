/** Brings the account up to date about a session: its state, what its model calls used, and which words it is found by. Nothing depends on it for a turn to go on. */

import type { Account, SessionNews } from "../../account/account.ts";
import { factsOfAccount } from "../../account/account-facts.ts";
import { accountObject } from "../../account/account-object.ts";
import type { ChannelState } from "../../account/dead-letters.ts";
import { forgetFacts } from "../../account/known-facts.ts";
import type { SessionText } from "../../account/session-index.ts";
import { alarmBackoff, backoffMs } from "../../core/backoff.ts";
import { defined } from "../../core/defined.ts";
import type { Entry } from "../../core/entry.ts";
import { erased } from "../../core/erased.ts";
import type { Bindings } from "../../env.ts";
import { pace } from "../../http/pace.ts";
import type { ReportedTurn, SessionTelemetry } from "../../observe/telemetry.ts";
import { turnRecord } from "../../observe/turn-record.ts";
import type { SessionSummary } from "../../wire/native.ts";
import type { FeedbackStore } from "../store/feedback.ts";
import type { SessionAddress, SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import { type RanBy, stepRecords } from "../turn/step-records.ts";
import type { Turns } from "../turn/turns.ts";

/** Characters of a message that sessions are found by. */
const textChars = 2_000;
/** About how long it takes to read an entry and to index its text, in ms (`npm run bench -- health`). */
const textMs = 0.06;
/** Entries, and UTF-16 units of their beginnings, that are read in one go. */
const batch = { limit: 200, maxUnits: 250_000 };

/** What a report is read from. */
interface ReportSources {
  log: TranscriptLog;
  record: SessionRecord;
  turns: Turns;
  feedback: FeedbackStore;
  telemetry?: SessionTelemetry;
}

/** `isLast`: nothing is added any more, so that what is known of a step that is open is all of it. `channels`: what was seen of them. */
interface ReportedBeside {
  isLast?: boolean;
  channels?: readonly ChannelState[];
}

export class Reporter {
  readonly #bindings: Bindings;
  /** Up to where the account has the steps; unknown until it was asked once. */
  #stepsSeq: number | undefined;
  #reportedSeq: number | undefined;
  #last: Promise<void> = Promise.resolve();
  #failures = 0;
  #retryAtMs = 0;

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  /**
   * Reports go one after the other. One that fails is sent again when `retryAtMs` has come, or with the next; the account
   * counts everything once.
   */
  report(sources: ReportSources, summary: SessionSummary, more: ReportedBeside = {}): Promise<void> {
    const { log, record, turns, feedback, telemetry } = sources;
    const { isLast = false, channels = [] } = more;
    const { account: owner, copiedSeq } = record.read();
    const ranBy: RanBy = (turn) => {
      const firstSeq = turns.firstSeq(turn);
      const [first] = firstSeq === undefined ? [] : log.readBeginnings({ after: firstSeq - 1, limit: 1 });
      const version = first?.type === "user" ? first.agentVersion : undefined;
      const { agent } = summary;
      return { ...defined({ agent }), ...(version !== undefined && { agentVersion: version }) };
    };
    const readTurn = turnReader(turns, summary.agent ?? "", telemetry);
    const account = accountObject(this.#bindings, owner);
    const { lastSeq } = log;
    this.#last = this.#last
      .then(() => this.#send(account, { log, copiedSeq, ranBy, readTurn, isLast, channels }, summary))
      .then(() => reportFeedback(account, summary.id, { feedback, readTurn }))
      .then(() => {
        this.#failures = 0;
        this.#reportedSeq = lastSeq;
      })
      .catch((error: unknown) => {
        this.#failures++;
        this.#retryAtMs = Date.now() + backoffMs(this.#failures, alarmBackoff, Math.random());
        console.error("the account did not take a report; it is sent again", error);
      });
    return this.#last;
  }

  /** The session was made just now: the account need not be asked what it knows. */
  knowsNew(): void {
    this.#stepsSeq = 0;
  }

  /** The newest entry that was reported to the account; unknown until this instance has reported once. */
  get reportedSeq(): number | undefined {
    return this.#reportedSeq;
  }

  /** When a report that failed is sent again, in ms since 1970. */
  get retryAtMs(): number | undefined {
    return this.#failures === 0 ? undefined : this.#retryAtMs;
  }

  /** Takes the session out of the account's index. A report that is under way would bring it back, so it is waited for. */
  async leave({ account, name }: SessionAddress): Promise<void> {
    await this.#last;
    await accountObject(this.#bindings, account).removeSession(name);
    forgetFacts(account);
  }

  /** The same for a session whose rows were lost; false when the account does not list it. */
  async leaveLost({ account, name }: SessionAddress): Promise<boolean> {
    const wasListed = await accountObject(this.#bindings, account).removeLost(name);
    forgetFacts(account);
    return wasListed;
  }

  /** Throws for a name that was erased: the sender of a message does not know that the session is gone. */
  async refuseErased({ account, name }: SessionAddress): Promise<void> {
    const { hasErased } = await factsOfAccount(this.#bindings, account);
    if (hasErased && (await accountObject(this.#bindings, account).wasErased(name))) throw erased(name);
  }

  async #send(account: DurableObjectStub<Account>, source: NewsSource, summary: SessionSummary): Promise<void> {
    let seq = this.#stepsSeq ?? (await account.report(summary));
    const isNew = this.#stepsSeq === undefined;
    this.#stepsSeq = seq;
    for (let sent = isNew; ; sent = true) {
      await pace(Math.min(source.log.lastSeq - seq, batch.limit) * textMs);
      const news = newsAfter(seq, source);
      if (news === undefined && sent) return;
      seq = await account.report(summary, news, source.channels);
      this.#stepsSeq = seq;
      if (news === undefined) return;
    }
  }
}

/** What is reported of a session. Steps up to `copiedSeq` are in the ledger under another one. */
interface NewsSource {
  log: TranscriptLog;
  copiedSeq: number;
  ranBy: RanBy;
  readTurn: TurnReader;
  isLast: boolean;
  channels: readonly ChannelState[];
}

/** The next finished steps; `undefined` when there are none. Those up to `copiedSeq` are in the ledger under another session. */
function newsAfter(after: number, { log, copiedSeq, ranBy, readTurn, isLast }: NewsSource): SessionNews | undefined {
  for (let factor = 1; ; factor *= 2) {
    const limit = batch.limit * factor;
    const entries = log.readBeginnings({ after, limit, maxUnits: batch.maxUnits * factor });
    const isAll = isLast && entries.at(-1)?.seq === log.lastSeq;
    const end = isAll ? entries.length : finishedUpTo(entries, copiedSeq);
    const done = entries.slice(0, end);
    const throughSeq = done.at(-1)?.seq;
    const isOwn = throughSeq !== undefined && throughSeq > copiedSeq;
    const steps = isOwn ? stepRecords(done, onceForEach(ranBy)).filter(({ seq }) => seq > copiedSeq) : [];
    const ended = isOwn ? done.filter(({ type, seq }) => type === "turn_ended" && seq > copiedSeq) : [];
    const turns = ended.flatMap(({ turn }) => readTurn(turn) ?? []);
    if (throughSeq !== undefined) return { throughSeq, steps, texts: done.flatMap(textOf), turns };
    // A step longer than what was read: its end lies further on.
    if (entries.length === 0 || entries.at(-1)?.seq === log.lastSeq) return undefined;
  }
}

/** A batch has many steps of few turns. */
function onceForEach(ranBy: RanBy): RanBy {
  const known = new Map<string, ReturnType<RanBy>>();
  return (turn) => {
    if (!known.has(turn)) known.set(turn, ranBy(turn));
    return known.get(turn);
  };
}

/** How many of the entries belong to steps to which nothing will be added, or to none that is counted here. */
function finishedUpTo(entries: readonly Entry[], copiedSeq: number): number {
  const copied = entries.findLastIndex(({ seq }) => seq <= copiedSeq);
  const ended = entries.findLastIndex(({ type }) => type === "turn_ended" || type === "step_failed");
  const lastReply = entries.findLastIndex(({ type }) => type === "assistant");
  return Math.max(ended + 1, lastReply, copied + 1);
}

function textOf(entry: Entry): SessionText[] {
  if ((entry.type !== "user" && entry.type !== "assistant") || entry.content === "") return [];
  return [{ seq: entry.seq, text: entry.content.slice(0, textChars) }];
}

/** `undefined` for a turn that is open, or was held elsewhere. */
export type TurnReader = (turn: string) => ReportedTurn | undefined;

/** Reads the record of an ended turn. `agent`: the session's own. `telemetry`: where metrics are sent. */
function turnReader(turns: Turns, agent: string, telemetry: SessionTelemetry | undefined): TurnReader {
  return (turn) => {
    const firstSeq = turns.firstSeq(turn);
    const entries = firstSeq === undefined ? [] : turns.entries(firstSeq);
    const [first] = entries;
    if (first?.type === "user" && first.options.via === "history") return undefined;
    const record = turnRecord(entries, agent);
    const samples = record && telemetry?.samples(entries);
    return record && { ...record, ...(samples && { samples }) };
  };
}

/** Sends the feedback on turns that the account does not have yet; on an open turn once it has ended. */
async function reportFeedback(
  account: DurableObjectStub<Account>,
  session: string,
  { feedback, readTurn }: { feedback: FeedbackStore; readTurn: TurnReader },
): Promise<void> {
  for (const { turn, score, atMs } of feedback.unreported()) {
    const ended = readTurn(turn);
    if (ended === undefined) continue;
    const { agent, version, model, rollout } = ended;
    await account.putFeedback(session, {
      ...{ turn, score, atMs, agent, model },
      ...defined({ version }),
      ...(rollout && { rollout }),
    });
    feedback.reported(turn, atMs);
  }
}

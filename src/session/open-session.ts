/** What a session consists of once it exists, made from its database. Made anew whenever the object starts. */

import { defaultLimits } from "../agent/agent.ts";
import type { SessionChildren } from "../agent/delegation-feature.ts";
import type { SessionHistory } from "../agent/history-feature.ts";
import type { VersionSource } from "../agent/rollout-feature.ts";
import { AppError } from "../core/errors.ts";
import type { SessionTelemetry, SessionTraces } from "../observe/telemetry.ts";
import { KvCount } from "../prefix-cache/kv-count.ts";
import type { SessionSteps } from "../tools/steps/feature.ts";
import { stepsNotListed } from "../tools/steps/step.ts";
import { Feed } from "./read/feed.ts";
import { Checkpoint } from "./store/checkpoint.ts";
import { countedStorage, RowCounter } from "./store/counted-sql.ts";
import { FeedbackStore } from "./store/feedback.ts";
import { Heads } from "./store/heads.ts";
import { Heartbeat } from "./store/heartbeat.ts";
import { Inbox } from "./store/inbox.ts";
import { Intents } from "./store/intents.ts";
import { Learned } from "./store/learned.ts";
import { Outbox } from "./store/outbox.ts";
import type { RowCopy } from "./store/row-copy.ts";
import { SessionRecord, type SessionRow } from "./store/session-record.ts";
import { ToolSteps } from "./store/tool-steps.ts";
import { SqliteTranscriptLog } from "./store/transcript-log.ts";
import { TranscriptSearch } from "./store/transcript-search.ts";
import { WindowBlocks } from "./store/window-blocks.ts";
import { hiddenSeqs } from "./store/withdraw.ts";
import { KeptWindow } from "./turn/kept-window.ts";
import { RequestWindow } from "./turn/request-window.ts";
import { type TurnAgent, Turns } from "./turn/turns.ts";

export interface OpenSession {
  storage: DurableObjectStorage;
  counter: RowCounter;
  kvCount: KvCount;
  record: SessionRecord;
  log: SqliteTranscriptLog;
  inbox: Inbox;
  outbox: Outbox;
  turns: Turns;
  checkpoint: Checkpoint;
  intents: Intents;
  steps: ToolSteps;
  heartbeat: Heartbeat;
  heads: Heads;
  window: RequestWindow;
  learned: Learned;
  /** Absent where no door of the app has clients that keep copies of it. */
  history?: SessionHistory | undefined;
  search: TranscriptSearch;
  feed: Feed;
  feedback: FeedbackStore;
  /** Absent where the app makes no traces. */
  traces?: SessionTraces;
  /** The durable steps of its calls; absent where the app has none. */
  durable?: SessionSteps | undefined;
  /** What is owed to a collector; absent where the app has none. */
  telemetry?: SessionTelemetry;
  /** The sessions that work for this one; absent where the app's agents call no others. */
  children?: SessionChildren;
}

/** For tests that look into the rows alone: turns record no agent. */
const noAgent: TurnAgent = { name: "", version: "", limits: defaultLimits };

/** The parts over a database that has its tables. `agent`: the session's own. `made`: the row of a session that was made just now, which has no others. Reads; writes nothing. */
export function openSession(
  uncounted: DurableObjectStorage,
  agent: TurnAgent = noAgent,
  { made }: { made?: SessionRow | undefined } = {},
): OpenSession {
  const counter = new RowCounter();
  const storage = countedStorage(uncounted, counter, () => {
    for (const copy of copies) copy.forget();
    session.telemetry?.forget();
    session.children?.forget();
  });
  const { sql } = storage;
  const isNew = made !== undefined;
  const log = new SqliteTranscriptLog(sql);
  const inbox = new Inbox(sql);
  const steps = new ToolSteps(sql);
  const turns = new Turns({ log, inbox, steps }, agent);
  const heads = new Heads(sql);
  const feed = new Feed(log);
  const record = new SessionRecord(sql);
  const outbox = new Outbox(sql);
  const feedback = new FeedbackStore(sql);
  const checkpoint = new Checkpoint(sql);
  const intents = new Intents(sql, log.lastSeq);
  const heartbeat = new Heartbeat(sql);
  const kept = new KeptWindow(new WindowBlocks(sql, { isNew }));
  const copies: readonly RowCopy[] = [
    log,
    inbox,
    record,
    outbox,
    turns,
    checkpoint,
    intents,
    steps,
    heartbeat,
    heads,
    feedback,
  ];
  if (made !== undefined) {
    for (const copy of copies) copy.startEmpty?.();
    record.startWith(made);
  }
  const session: OpenSession = {
    storage,
    counter,
    kvCount: new KvCount(),
    record,
    log,
    inbox,
    outbox,
    feedback,
    turns,
    checkpoint,
    intents,
    steps,
    heartbeat,
    heads,
    window: new RequestWindow(log, () => record.read().windowSeq, { hiddenSeqs: () => hiddenSeqs(inbox), kept }),
    learned: new Learned({ read: () => record.learned, write: (changes) => record.learn(changes) }),
    search: new TranscriptSearch(storage, log),
    feed,
  };
  return session;
}

/** What the versions of its turns are chosen by. A copy has its source's newest entries. */
export function versionFacts({
  record,
  log,
}: Pick<OpenSession, "record" | "log">): ReturnType<VersionSource["session"]> {
  const { account, name, copiedSeq } = record.read();
  const newest = { after: Math.max(0, copiedSeq - 500), limit: 500 };
  const copied = () => (copiedSeq === 0 ? [] : log.readBeginnings(newest).filter(({ seq }) => seq <= copiedSeq));
  return { account, name, copied };
}

/** Throws `not_configured` in an app without durable steps. */
export function durableOf({ durable }: Pick<OpenSession, "durable">): SessionSteps {
  if (durable === undefined) throw new AppError("not_configured", stepsNotListed);
  return durable;
}

/** What a session consists of once it exists, made from its database. Made anew whenever the object starts. */
import { Checkpoint } from "./checkpoint.ts";
import { Conversation } from "./conversation.ts";
import { Feed } from "./feed.ts";
import { Inbox } from "./inbox.ts";
import { SessionRecord } from "./session-record.ts";
import { SqliteTranscriptLog, type TranscriptLog } from "./transcript-log.ts";
import { TranscriptSearch } from "./transcript-search.ts";
import { Turns } from "./turns.ts";

export interface SessionParts {
  storage: DurableObjectStorage;
  record: SessionRecord;
  log: TranscriptLog;
  inbox: Inbox;
  turns: Turns;
  checkpoint: Checkpoint;
  conversation: Conversation;
  search: TranscriptSearch;
  feed: Feed;
}

/** The parts over a database that has its tables. Reads; writes nothing. */
export function sessionParts(storage: DurableObjectStorage): SessionParts {
  const { sql } = storage;
  const log = new SqliteTranscriptLog(sql);
  const inbox = new Inbox(sql);
  return {
    storage,
    record: new SessionRecord(sql),
    log,
    inbox,
    turns: new Turns(log, inbox),
    checkpoint: new Checkpoint(sql),
    conversation: new Conversation(log),
    search: new TranscriptSearch(storage, log),
    feed: new Feed(log),
  };
}

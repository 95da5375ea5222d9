/** Writes what a turn did: entries in one transaction with the rows that go with them, on disk before any reader sees them; and its line in the Worker's log. Decides nothing about the turn. */
import type { SessionChildren } from "../../agent/delegation-feature.ts";
import type { Entry, NewEntry } from "../../core/entry.ts";
import { isSilent } from "../../core/event.ts";
import type { SessionTelemetry } from "../../observe/telemetry.ts";
import { turnLine, turnRecord } from "../../observe/turn-record.ts";
import type { KvCount } from "../../prefix-cache/kv-count.ts";
import type { Feed } from "../read/feed.ts";
import type { Checkpoint } from "../store/checkpoint.ts";
import type { RowCounter } from "../store/counted-sql.ts";
import { watchdogMs } from "../store/heartbeat.ts";
import type { Outbox } from "../store/outbox.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import type { TranscriptSearch } from "../store/transcript-search.ts";
import type { TurnContext } from "./turn-context.ts";
import type { Turns } from "./turns.ts";

/** The rows that change with the entries of a turn, and the feed of its readers. */
export interface JournalRows {
  storage: DurableObjectStorage;
  log: TranscriptLog;
  turns: Turns;
  record: SessionRecord;
  outbox: Outbox;
  checkpoint: Checkpoint;
  search: TranscriptSearch;
  feed: Feed;
  /** What is counted for the turn's end. */
  counter: RowCounter;
  kvCount: KvCount;
  /** What is owed to a collector, where there is one. */
  telemetry?: SessionTelemetry;
  /** Where the app's agents call others. */
  children?: Pick<SessionChildren, "wrote" | "handedTo">;
}

export class TurnJournal {
  readonly #rows: JournalRows;

  constructor(rows: JournalRows) {
    this.#rows = rows;
  }

  /** Appends all entries, or none. Messages that wait to join a turn are written before its end. */
  write(entries: readonly NewEntry[]): void {
    const { storage, search, children } = this.#rows;
    storage.transactionSync(() => {
      for (const entry of entries) this.#write(entry);
      children?.wrote(entries);
    });
    // What has left the window will be searched for; whatever is left of it is indexed then.
    for (const entry of entries) if (entry.type === "compaction") search.indexSome(entry.throughSeq);
  }

  /** The messages that wait to join the turn become entries of it. `also` runs in the same transaction. */
  writeJoining(turn: string, also: () => void): void {
    const { log, storage, turns } = this.#rows;
    storage.transactionSync(() => {
      this.#makeRoom(log.append(turns.takeJoining(turn, log.lastSeq, Date.now())));
      also();
    });
  }

  /** Waits until what was written is on disk, and shows it to readers. */
  async confirm(): Promise<void> {
    const { log, storage, feed } = this.#rows;
    const seq = log.lastSeq;
    await storage.sync();
    feed.confirm(seq);
  }

  #write(entry: NewEntry): void {
    const { log, turns, record, counter, kvCount, outbox, telemetry } = this.#rows;
    if (entry.type !== "turn_ended") {
      this.#makeRoom(log.append([entry]));
      if (entry.type === "compaction") record.moveWindow(entry.throughSeq);
      return;
    }
    log.append(turns.takeJoining(entry.turn, log.lastSeq, entry.atMs));
    this.#handOver(entry.turn, entry.atMs);
    outbox.turnEnded(entry.turn, entry.atMs + watchdogMs);
    telemetry?.owe({ kind: "turn", firstSeq: turns.firstSeq(entry.turn) ?? log.lastSeq });
    // Its own row and the session's sums are still to be written.
    const ended = { ...entry, rowsWritten: counter.take() + 2, ...kvCount.take() };
    log.append([ended]);
    record.settle(ended);
    counter.take();
  }

  /** The turn gave the session to another agent, which answers from the next one on. */
  #handOver(turn: string, atMs: number): void {
    const { log, turns, record, children } = this.#rows;
    const firstSeq = turns.firstSeq(turn);
    const handed = firstSeq && children?.handedTo(turns.entries(firstSeq), record.read().agent ?? "");
    if (!handed) return;
    this.#makeRoom(log.append([{ type: "note", turn, content: handed.note, atMs }]));
    record.keepAgent(handed.agent);
  }

  /** A step that was begun where these are now is answered after them. */
  #makeRoom(entries: readonly Entry[]): void {
    for (const entry of entries) if (isSilent(entry)) this.#rows.checkpoint.makeRoom(entry.seq);
  }
}

interface LineSources {
  turns: Turns;
  record: SessionRecord;
  feed: Feed;
}

/** Writes the line of an ended turn to the Worker's log. Called when the entries were just put on disk, and nowhere else, so that no turn has two lines; an instance that dies in between leaves none. */
export function logTurnEnd(
  { turns, record, feed }: LineSources,
  { turn, agent }: TurnContext,
  entries: readonly NewEntry[],
): void {
  // Erased meanwhile: there are no rows any more.
  if (feed.closed || !entries.some(({ type }) => type === "turn_ended")) return;
  const { account, name: session } = record.read();
  const ended = turnRecord(turns.entries(turn.firstSeq), agent.name);
  if (ended !== undefined) console.log(JSON.stringify(turnLine(ended, { account, session })));
}

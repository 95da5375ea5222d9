/** What an app whose agents call one another finds of a session. Opens no child, and sends nothing. */
import type { Agent } from "../agent/agent.ts";
import type { ChildrenHost } from "../agent/delegation-feature.ts";
import type { Bindings } from "../env.ts";
import type { Feed } from "./read/feed.ts";
import type { SessionWork } from "./session-work.ts";
import type { SessionRecord } from "./store/session-record.ts";
import type { TranscriptLog } from "./store/transcript-log.ts";
import type { Turns } from "./turn/turns.ts";

/** What of a session its children are kept by. */
interface HostRows {
  storage: DurableObjectStorage;
  record: SessionRecord;
  log: TranscriptLog;
  turns: Turns;
  feed: Feed;
}

interface HostSetup {
  /** Where the objects of sessions and of the account are found. */
  bindings: Bindings;
  agent(): Agent;
  /** Takes the turn up again when a child has ended, and shows what children ask. */
  work: SessionWork;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
}

export function childrenHost(session: HostRows, { bindings, agent, work, hold }: HostSetup): ChildrenHost {
  const { storage, record, log, turns, feed } = session;
  return {
    storage,
    bindings,
    settings: () => record.read(),
    agent,
    openTurn: () => turns.open?.turn,
    newestTurn: () => log.last?.turn,
    append: (entries) => void log.append(entries),
    addUsage: (outcome) => record.addChild(outcome),
    goOn() {
      // Readers see the result once it is on disk; the turn waits for these rows with the next that it writes.
      const seq = log.lastSeq;
      const shown = storage.sync().then(
        () => feed.confirm(seq),
        () => {},
      );
      hold(shown);
      work.start();
    },
    changed() {
      feed.changed();
      work.resume();
    },
    progress(call, text) {
      if (text === undefined) feed.progress.end(call.callId);
      else feed.progress.report(call, text);
      work.show();
    },
    hold,
    rested: () => work.arm(),
  };
}

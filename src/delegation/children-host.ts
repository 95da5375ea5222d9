/** What children are kept by, over the parts of a session. Opens no child, and sends nothing. */
import type { Agent } from "../agent/agent.ts";
import type { ChildrenSource, ChildSettings } from "../agent/delegation-feature.ts";
import type { ChildOutcome, ChildSession, NewEntry } from "../core/entry.ts";
import type { Bindings } from "../env.ts";

/** A session, as its children are kept by it. */
export interface ChildrenHost {
  storage: DurableObjectStorage;
  bindings: Bindings;
  settings(): ChildSettings;
  agent(): Agent;
  openTurn(): string | undefined;
  /** The turn that began last. */
  newestTurn(): string | undefined;
  /** Runs in the caller's transaction. */
  append(entries: NewEntry[]): void;
  addUsage(outcome: ChildOutcome): void;
  /** What was appended is shown once it is on disk, and the turn goes on. */
  goOn(): void;
  /** Readers have something new to see. */
  changed(): void;
  /** `undefined`: it is over. */
  progress(call: { callId: string; name: string; agent: ChildSession }, text: string | undefined): void;
  hold(work: Promise<void>): void;
  /** The alarm may have to be set anew. */
  rested(): void;
}

export function childrenHost({ session, bindings, agent, work, hold }: ChildrenSource): ChildrenHost {
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

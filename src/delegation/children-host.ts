/** What children are kept by, over the parts of a session. Opens no child, and sends nothing. */
import type { Agent } from "../agent/agent.ts";
import type { ChildrenSource, ChildSettings, ChildUse } from "../agent/delegation-feature.ts";
import type { Usage } from "../core/cost.ts";
import type { ChildSession, Entry, NewEntry } from "../core/entry.ts";
import type { Bindings } from "../env.ts";
import { noUse, plusUse } from "./child-use.ts";

/** A session, as its children are kept by it. */
export interface ChildrenHost {
  storage: DurableObjectStorage;
  bindings: Bindings;
  settings(): ChildSettings;
  agent(): Agent;
  openTurn(): string | undefined;
  /** The turn for which the session was made, where it is a child. */
  firstTurn(): string;
  /** The turn that began last. */
  newestTurn(): string | undefined;
  /** Of the turn that began last. */
  newestEntries(): readonly Entry[];
  /** Runs in the caller's transaction. */
  append(entries: NewEntry[]): void;
  /** `count`: 0 for more of a child that was counted. */
  addUsage(use: ChildUse, count: 0 | 1): void;
  /** What the session and all below it used, as far as it is known. */
  used(): ChildUse;
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
    firstTurn: () => log.read({ after: 0, limit: 1 })[0]?.turn ?? "",
    newestTurn: () => log.last?.turn,
    newestEntries() {
      const firstSeq = log.last && turns.firstSeq(log.last.turn);
      return firstSeq === undefined ? [] : turns.entries(firstSeq);
    },
    append: (entries) => void log.append(entries),
    addUsage: (use, count) => record.addChild(use, count),
    used() {
      const { children, ...own } = record.read().usage;
      const firstSeq = turns.open?.firstSeq;
      const open = firstSeq === undefined ? [] : turns.entries(firstSeq).flatMap(paidIn);
      return [own, children].reduce(
        (sum, each) => (each ? plusUse(sum, sumsIn(each)) : sum),
        open.reduce(plusUse, noUse),
      );
    },
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

function sumsIn({ costMicros, steps, ...counts }: Usage & { costMicros: number; steps: number }): ChildUse {
  const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = counts;
  return { usage: { inputTokens, cachedTokens, outputTokens, reasoningTokens }, costMicros, steps };
}

/** A turn that has not ended has no sums yet. */
function paidIn(entry: Entry): ChildUse[] {
  if (entry.type !== "assistant" && entry.type !== "step_failed" && entry.type !== "compaction") return [];
  return [{ usage: entry.usage, costMicros: entry.costMicros, steps: entry.type === "compaction" ? 0 : 1 }];
}

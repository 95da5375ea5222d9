/** Judges what a delegation soak collected of one conversation and all sessions below it. Pure. */
import type { EntryData } from "./session-log.ts";

/** What `GET /v1/sessions/:id` says that is looked at. */
export interface CrewSessionJson {
  id: string;
  agent?: string;
  status: string;
  usage: { cost_micros: number };
  children?: { cost_micros: number };
}

/** What of an entry a conversation is judged by. */
export interface CrewEntry extends EntryData {
  cost_micros?: number;
  children?: Record<string, { session: string; agent: string }>;
}

export interface CrewTree {
  session: CrewSessionJson;
  entries: CrewEntry[];
  below: CrewTree[];
}

export interface CrewConversation {
  tree: CrewTree;
  isCancelled: boolean;
  /** What the ledger has of all its sessions, in micro-dollars. */
  ledgerMicros: number;
  /** How long after the cancel was accepted its agents last asked their model, in ms; 0 where they did not. */
  ranAfterCancelMs: number;
}

/** What is not done again after four crashes in the middle of it is given up, whatever it was. */
const givenUp = /^Outcome unknown: this tool was run 4 times/;
/** How long something may still run after a cancel. */
const quietAfterMs = 5_000;

export function all(tree: CrewTree): CrewTree[] {
  return [tree, ...tree.below.flatMap(all)];
}

/** Everything that is wrong with a conversation, in words. */
export function crewFaults(conversation: CrewConversation, budgetMicros: number): string[] {
  const { tree, ledgerMicros, ranAfterCancelMs } = conversation;
  const sessions = all(tree);
  const costs = sessions.reduce((sum, { entries }) => sum + costOf(entries), 0);
  const { usage, children } = tree.session;
  const inSession = usage.cost_micros + (children?.cost_micros ?? 0);
  return [
    ...sessions.flatMap((each) => sessionFaults(each, conversation)),
    ...(inSession === costs ? [] : [`its entries cost ${costs}, and it says ${inSession}`]),
    ...(ledgerMicros === costs ? [] : [`its entries cost ${costs}, and the ledger has ${ledgerMicros}`]),
    ...sessions.flatMap(({ session, entries }) =>
      session.agent === "reviewer" && costOf(entries) > budgetMicros ? [`${session.id} passed its share`] : [],
    ),
    ...(ranAfterCancelMs > quietAfterMs ? [`its agents worked ${Math.round(ranAfterCancelMs)} ms after a cancel`] : []),
  ];
}

function sessionFaults({ session, entries }: CrewTree, { isCancelled }: CrewConversation): string[] {
  const { id, status } = session;
  // Made, and stopped before its task was in it.
  if (isCancelled && entries.length === 0 && status === "idle") return [];
  const begun = entries.filter(({ type }) => type === "user").length;
  const ends = entries.filter(({ type }) => type === "turn_ended").length;
  const calls = entries.flatMap(
    ({ message, step }) => message?.tool_calls?.map((each) => ({ id: each.id, step })) ?? [],
  );
  const results = (call: { id: string; step: number | undefined }) =>
    entries.filter(
      ({ type, step, message }) => type === "tool" && step === call.step && message?.tool_call_id === call.id,
    );
  return [
    ...(status === "idle" ? [] : [`${id} is ${status}`]),
    ...(begun === 1 ? [] : [`${id} was begun ${begun} times`]),
    ...(ends === 1 ? [] : [`${id} has ${ends} ends`]),
    ...calls.flatMap((call) => {
      const [result, ...others] = results(call);
      if (result === undefined || others.length > 0)
        return [`the call ${call.id} of ${id} has ${others.length + Number(result !== undefined)} results`];
      return result.message?.is_error && !isCancelled && !givenUp.test(result.message.content)
        ? [`the call ${call.id} of ${id} failed: ${result.message.content}`]
        : [];
    }),
  ];
}

function costOf(entries: readonly CrewEntry[]): number {
  const paid = entries.filter(({ type }) => type === "assistant" || type === "step_failed" || type === "compaction");
  return paid.reduce((sum, { cost_micros = 0 }) => sum + cost_micros, 0);
}

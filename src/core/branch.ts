/** Finds the place after an earlier answer where a conversation can branch: a new message there starts another continuation. Reads the entries of the answer's turn. Pure. */
import type { AssistantEntry, Entry } from "./entry.ts";
import { handedOver, type WaitingCall } from "./waits.ts";

/**
 * `ended`: after the turn that ends with entry `seq`. `calls`: after the reply that passed calls to a person or a client:
 * `kept` are the turn's entries up to it and the results of its other calls, and `waiting` needs new answers. `open`:
 * the answer is not whole yet.
 */
export type Branch =
  | { type: "ended"; seq: number }
  | { type: "calls"; kept: Entry[]; waiting: WaitingCall[]; step: number }
  | { type: "open" };

/** `entries`: those of the turn, from its first on. `afterSeq`: where in it the answer begins. */
export function branchAt(entries: readonly Entry[], afterSeq = 0): Branch {
  const reply = entries.find((entry): entry is AssistantEntry => hasWaitingCalls(entry) && entry.seq > afterSeq);
  if (reply === undefined) {
    const last = entries.at(-1);
    return last?.type === "turn_ended" ? { type: "ended", seq: last.seq } : { type: "open" };
  }
  const { step, atMs: sinceMs } = reply;
  const waits = handedOver(reply);
  // A call that is being run here would be run again in the other branch.
  const results = new Set(
    entries.flatMap((entry) => (entry.type === "tool" && entry.step === step ? [entry.callId] : [])),
  );
  if (reply.toolCalls.some(({ id }) => waits[id] === undefined && !results.has(id))) return { type: "open" };
  const waiting = reply.toolCalls.flatMap((call): WaitingCall[] => {
    const kind = waits[call.id];
    return kind === undefined ? [] : [{ ...call, kind, sinceMs }];
  });
  const before = entries.filter(({ seq }) => seq <= reply.seq);
  const others = entries.filter(
    (entry) =>
      entry.seq > reply.seq && entry.type === "tool" && entry.step === step && waits[entry.callId] === undefined,
  );
  const kept = [...before, ...others].map((entry, place) => ({ ...entry, seq: (before[0]?.seq ?? 1) + place }));
  return { type: "calls", kept, waiting, step };
}

/** Whether the reply has calls that a person must approve or a client must run. */
function hasWaitingCalls(entry: Entry): boolean {
  return entry.type === "assistant" && Object.keys(handedOver(entry)).length > 0;
}

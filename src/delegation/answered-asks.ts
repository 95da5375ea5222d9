/** Recognises answers that come again about calls of children: what they asked is in no reply of the session's own, only its answer is in the log. Pure. */
import type { AnsweredAsks, GivenAsk } from "../agent/delegation-feature.ts";
import { defined } from "../core/defined.ts";
import type { ApprovalEntry, Entry } from "../core/entry.ts";
import { refOf } from "../core/waits.ts";

/** `entries`: of one turn. `birth`: of the session. */
export function answeredAsks<Given extends GivenAsk>(
  approvals: readonly Given[],
  { entries, birth }: { entries: readonly Entry[]; birth: string | null },
): AnsweredAsks<Given> {
  const byRef = new Map(
    entries.flatMap((entry) => {
      if (entry.type !== "approval" || entry.child === undefined) return [];
      const { turn, step, callId } = entry;
      return [[refOf({ birth, turn, step, callId }), entry] as const];
    }),
  );
  const left: Given[] = [];
  let last: ApprovalEntry | undefined;
  for (const given of approvals) {
    const entry = "ref" in given.call ? byRef.get(given.call.ref) : undefined;
    if (entry === undefined) left.push(given);
    else if (entry.approve !== given.approve || entry.reason !== given.reason)
      return { left: [...approvals], other: { given, outcome: outcomeOf(entry) } };
    else if (last === undefined || entry.seq > last.seq) last = entry;
  }
  return { left, ...(last && { before: { turn: last.turn, afterSeq: last.seq } }) };
}

/** What became of the call is in the child's session. */
function outcomeOf({ approve, by }: ApprovalEntry): NonNullable<AnsweredAsks<GivenAsk>["other"]>["outcome"] {
  return approve ? { kind: "approved", since: "running", ...defined({ by }) } : { kind: "denied", ...defined({ by }) };
}

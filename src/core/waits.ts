/** Which calls of a step wait: for a person's yes or no, for the client that runs them, or for another agent. Computed from the entries alone, so that a wait survives restarts and deploys. */

import { fingerprint } from "./digest.ts";
import type { ApprovalEntry, AssistantEntry, ChildSession, Entry, WaitKind } from "./entry.ts";
import type { ToolCall } from "./message.ts";

/** A call that waits, and since when in ms since 1970. */
export interface WaitingCall extends ToolCall {
  kind: WaitKind;
  sinceMs: number;
  /** It is a call of this child, which asks a person by its parent: `id` is its ref. `of`: the call of this session for which the child works. */
  child?: ChildSession & { of: string };
}

/** Which agent's call it is, in words for after the call's name; `""` for one of the session itself. */
export function whose({ child }: Pick<WaitingCall, "child">): string {
  return child === undefined ? "" : ` of the agent "${child.agent}"`;
}

/** The states of the open calls of a turn's newest reply. Together they are all calls without a result. */
export interface OpenCalls {
  /** Nothing is waited for: these may be run. */
  ready: ToolCall[];
  waiting: WaitingCall[];
  denied: { call: ToolCall; by: ApprovalEntry }[];
}

/** `entries`: those of one turn. */
export function openCalls(entries: readonly Entry[]): OpenCalls {
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const open: OpenCalls = { ready: [], waiting: [], denied: [] };
  if (reply === undefined) return open;
  const answered = ofStep(entries, reply, "tool");
  const decided = ofStep(entries, reply, "approval");
  for (const call of reply.toolCalls) {
    if (answered.has(call.id)) continue;
    const kind = reply.waits?.[call.id];
    const by = decided.get(call.id);
    if (by?.type === "approval" && !by.approve) open.denied.push({ call, by });
    else if (kind === undefined || by !== undefined) open.ready.push(call);
    else open.waiting.push({ ...call, kind, sinceMs: reply.atMs });
  }
  return open;
}

/** The calls of a reply that are handed to a person or a client, and not to an agent: an answer ends there for a client of a dialect without a stream of its own. */
export function handedOver({ waits = {} }: Pick<AssistantEntry, "waits">): Record<string, "approval" | "client"> {
  return Object.fromEntries(
    Object.entries(waits).flatMap(([id, kind]) => (kind === "agent" ? [] : [[id, kind] as const])),
  );
}

/** Providers reuse call ids from step to step, so only this step's entries count. */
function ofStep(entries: readonly Entry[], { step }: AssistantEntry, type: "tool" | "approval"): Map<string, Entry> {
  const found = entries.flatMap((entry): [string, Entry][] =>
    (entry.type === "tool" || entry.type === "approval") && entry.type === type && entry.step === step
      ? [[entry.callId, entry]]
      : [],
  );
  return new Map(found);
}

/** Where a call is. `birth`: the session's own; sessions of earlier versions have none. */
export interface CallPlace {
  birth?: string | null;
  turn: string;
  step: number;
  callId: string;
}

/**
 * Names a call of a session where its id cannot be used: providers make ids of any length, and use them again. A session
 * that was erased and made again by the same name has other refs, so an old button answers nothing in it.
 */
export function refOf({ birth, turn, step, callId }: CallPlace): string {
  return fingerprint(`${birth ? `${birth} ` : ""}${turn} ${step} ${callId}`);
}

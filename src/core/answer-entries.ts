/** Makes the entries of the answers that people and clients give to waiting calls; no other file makes them. Pure. */

import { defined } from "./defined.ts";
import type { ApprovalEntry, ToolEntry } from "./entry.ts";
import type { ToolCall } from "./message.ts";

/** The step whose reply made the calls. */
interface AnsweredStep {
  turn: string;
  step: number;
  atMs: number;
}

type Named = Pick<ToolCall, "id" | "name">;

/** A person's yes or no. `by`: who decided, where that is known. */
export interface ApprovalDecision {
  approve: boolean;
  reason?: string;
  by?: string;
  metadata?: Record<string, string>;
}

/** What a client's tool returned. */
export interface Returned {
  content: string;
  isError: boolean;
  metadata?: Record<string, string>;
}

export function approvalEntry(
  { turn, step, atMs }: AnsweredStep,
  { id: callId, name }: Named,
  { approve, reason, by, metadata }: ApprovalDecision,
): Omit<ApprovalEntry, "seq"> {
  const details = defined({ reason, by });
  return { type: "approval", turn, step, callId, name, approve, ...details, ...(metadata && { metadata }), atMs };
}

/** `sinceMs`: when the call began to wait. */
export function resultEntry(
  { turn, step, atMs }: AnsweredStep,
  { id: callId, name, sinceMs }: Named & { sinceMs: number },
  { content, isError, metadata }: Returned,
): Omit<ToolEntry, "seq"> {
  const durationMs = atMs - sinceMs;
  return { type: "tool", turn, step, callId, name, content, isError, durationMs, ...(metadata && { metadata }), atMs };
}

/** What people and clients answer about calls that wait for them: taken once each, checked against the rows, all of it or nothing. */
import type { NewEntry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { callDigest } from "../core/shown-call.ts";
import { openCalls, refOf, type WaitingCall } from "../core/waits.ts";
import type { InboxMessage } from "./inbox.ts";
import type { SessionParts } from "./session-parts.ts";

/** A person's answer about a call. */
export interface ApprovalAnswer {
  approve: boolean;
  reason?: string;
  /** Who answered, where that is known. */
  by?: string;
  metadata?: Record<string, string>;
}

/** What a tool that runs at the client came to. */
export interface ClientResult {
  callId: string;
  content: string;
  isError: boolean;
  metadata?: Record<string, string>;
}

/** Records the answer and returns the call's turn. Throws when the call does not wait for a person. Runs in the caller's transaction. */
export function answerApproval(parts: SessionParts, callId: string, answer: ApprovalAnswer): string {
  const { turn, step, waiting } = openTurn(parts);
  const call = waitingCall(parts, waiting, callId);
  if (call.kind === "client") {
    const detail = `The call "${callId}" runs at the client: send its result to …/tool_results.`;
    throw new AppError("conflict", detail, { field: "call_id" });
  }
  parts.log.append([{ type: "approval", turn, step, callId, name: call.name, ...answer, atMs: Date.now() }]);
  return turn;
}

/** The id of the waiting call that a button names. Throws when it does not wait any more, or is not the call that was shown. */
export function callByRef(parts: SessionParts, { ref, digest }: { ref: string; digest?: string }): string {
  const { turn, step, waiting } = openTurn(parts);
  const call = waiting.find(({ id }) => refOf({ turn, step, callId: id }) === ref);
  if (call !== undefined) return shownCallOf(parts, call.id, digest);
  throw new AppError("conflict", "This was answered already, or is no longer needed.");
}

/** The same id. Throws when the call that waits under it is not the one whose `digest` the person was shown. */
export function shownCallOf(parts: SessionParts, callId: string, digest?: string): string {
  const call = openTurn(parts).waiting.find(({ id }) => id === callId);
  if (call === undefined || digest === undefined || callDigest(call) === digest) return callId;
  const detail = `The call "${callId}" is not the one that was shown with this digest. Look at its arguments again.`;
  throw new AppError("conflict", detail, { field: "digest" });
}

/**
 * Records the results and returns their turn, and where it goes on. Throws, and records none, when one of them is not
 * waited for. The same results again are the same answer. `also`: messages that become part of the turn. Runs in the
 * caller's transaction.
 */
export function takeResults(
  parts: SessionParts,
  results: readonly ClientResult[],
  also: readonly InboxMessage[] = [],
): { turn: string; afterSeq: number } {
  const { turn, step, waiting } = openTurn(parts);
  const isWaited = results.some(({ callId }) => waiting.some(({ id }) => id === callId));
  const before = isWaited ? undefined : recorded(parts, results);
  if (before !== undefined) return before;
  const atMs = Date.now();
  const entries = results.map(({ callId, content, isError, metadata }): NewEntry => {
    const call = waitingCall(parts, waiting, callId);
    if (call.kind === "approval") {
      const detail = `The call "${callId}" waits for a person's approval, not for a result: …/approvals/${callId}.`;
      throw new AppError("conflict", detail, { field: "results" });
    }
    const durationMs = atMs - call.sinceMs;
    const noted = metadata && { metadata };
    return { type: "tool", turn, step, callId, name: call.name, content, isError, durationMs, atMs, ...noted };
  });
  parts.log.append(entries);
  for (const message of also) parts.inbox.add(message, { atMs, joins: turn });
  return { turn, afterSeq: parts.log.lastSeq };
}

/** The turn in which exactly these results stand already, when it is the newest one. */
export function recorded(
  { turns, log }: SessionParts,
  results: readonly ClientResult[],
): { turn: string; afterSeq: number } | undefined {
  const newest = log.last?.turn;
  const firstSeq = newest === undefined ? undefined : turns.firstSeq(newest);
  if (newest === undefined || firstSeq === undefined) return undefined;
  const entries = log.read({ after: firstSeq - 1 });
  const found = results.map(({ callId, content, isError }) =>
    entries.findLast(
      (entry) =>
        entry.type === "tool" && entry.callId === callId && entry.content === content && entry.isError === isError,
    ),
  );
  const afterSeq = Math.max(...found.map((entry) => entry?.seq ?? Number.NaN));
  return Number.isNaN(afterSeq) ? undefined : { turn: newest, afterSeq };
}

/** The open turn and what waits in it; an ended or cancelled one has nothing that waits. */
export function openTurn({ turns }: SessionParts): { turn: string; step: number; waiting: WaitingCall[] } {
  const { open } = turns;
  if (open?.firstSeq === undefined) return { turn: "", step: 0, waiting: [] };
  const entries = turns.entries(open.firstSeq);
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const waiting = open.stop === undefined ? openCalls(entries).waiting : [];
  return { turn: open.turn, step: reply?.step ?? 0, waiting };
}

function waitingCall({ log }: SessionParts, waiting: readonly WaitingCall[], callId: string): WaitingCall {
  const call = waiting.find(({ id }) => id === callId);
  if (call !== undefined) return call;
  if (log.hasCall(callId)) {
    throw new AppError(
      "conflict",
      `The call "${callId}" does not wait any more: it was answered, or its turn is over.`,
      {
        field: "call_id",
      },
    );
  }
  throw new AppError("not_found", `There is no call "${callId}" in this session.`, { field: "call_id" });
}

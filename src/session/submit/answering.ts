/** What people and clients answer about calls that wait for them: taken once each, checked against the rows, all of it or nothing. An answer that comes again changes nothing. */
import type { NewEntry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { callDigest } from "../../core/shown-call.ts";
import { openCalls, refOf, type WaitingCall } from "../../core/waits.ts";
import type { AnswerPart } from "../read/asked-for.ts";
import type { SessionParts } from "../session-parts.ts";
import type { InboxMessage, Receipt } from "../store/inbox.ts";
import {
  answerName,
  approvalOf,
  type ClientResult,
  givenBefore,
  outcomeOf,
  replyWithCall,
  replyWithRef,
} from "./answered.ts";
import { type AgainWith, askAgain } from "./ask-again.ts";

/** A person's answer about a call. */
export interface ApprovalAnswer {
  approve: boolean;
  reason?: string;
  /** Who answered, where that is known. */
  by?: string;
  metadata?: Record<string, string>;
}

/** What comes along with results. */
interface GivenWith {
  also?: readonly InboxMessage[];
  receipt?: Receipt;
  again?: AgainWith;
}

/** Answers about the calls of one reply, of which some may have been given before. */
export interface MixedAnswers {
  approvals: readonly { callId: string; approve: boolean; reason?: string }[];
  results: readonly ClientResult[];
}

/** Records the answer and returns the call's turn. Throws when the call does not wait for a person. Runs in the caller's transaction. */
export function answerApproval(parts: SessionParts, callId: string, answer: ApprovalAnswer): string {
  const open = openTurn(parts);
  const { turn, step, waiting } = open;
  const call = waitingCall(parts, waiting, callId);
  if (call.kind === "client") {
    const detail = `The call "${callId}" runs at the client: send its result to …/tool_results.`;
    throw new AppError("conflict", detail, { field: "call_id" });
  }
  recordApprovals(parts, open, [
    { type: "approval", turn, step, callId, name: call.name, ...answer, atMs: Date.now() },
  ]);
  return turn;
}

/** Appends approvals of calls that wait, and remembers by which turn each can be found. */
export function recordApprovals(
  { log, inbox, record }: SessionParts,
  { turn, step }: Pick<OpenTurn, "turn" | "step">,
  entries: readonly Extract<NewEntry, { type: "approval" }>[],
): void {
  const { birth } = record.read();
  log.append(entries);
  for (const { callId } of entries) inbox.claim([answerName(refOf({ birth, turn, step, callId }))], turn);
}

/** The id of the waiting call that a button names. Throws, with what became of it, when it does not wait any more, or is not the call that was shown. */
export function callByRef(parts: SessionParts, { ref, digest }: { ref: string; digest?: string }): string {
  const { turn, step, waiting } = openTurn(parts);
  const { birth } = parts.record.read();
  const call = waiting.find(({ id }) => refOf({ birth, turn, step, callId: id }) === ref);
  if (call !== undefined) return shownCallOf(parts, call.id, digest);
  const asking = replyWithRef(parts, ref);
  if (asking === undefined) throw new AppError("conflict", "This was answered already, or is no longer needed.");
  const name = asking.reply.toolCalls.find(({ id }) => id === asking.callId)?.name ?? "The call";
  throw new AppError("conflict", `${name} ${outcomeOf(asking, asking.callId)}.`);
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
 * waited for. The same results again are the same answer; where their turn ended without one, a new turn begins as
 * `again` says. `also`: messages that become part of the turn. Runs in the caller's transaction.
 */
export function takeResults(
  parts: SessionParts,
  results: readonly ClientResult[],
  { also = [], receipt = {}, again }: GivenWith = {},
): AnswerPart {
  const { turn, step, waiting } = openTurn(parts);
  const isWaited = results.some(({ callId }) => waiting.some(({ id }) => id === callId));
  const before = isWaited ? undefined : recorded(parts, results);
  if (before !== undefined) return again === undefined ? before : askAgain(parts, before, again);
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
  const place = { turn, afterSeq: parts.log.lastSeq };
  parts.inbox.keepReceipt(receipt, place);
  return place;
}

/** The place behind exactly these results in the newest turn, when they are in it already. */
function recorded(
  parts: SessionParts,
  results: readonly ClientResult[],
): { turn: string; afterSeq: number } | undefined {
  const ids = results.map(({ callId }) => callId);
  const asking = replyWithCall(parts, ids);
  const before = asking && givenBefore(parts, asking, { approvals: [], results, messages: [] });
  return before?.afterSeq === undefined ? undefined : { turn: before.turn, afterSeq: before.afterSeq };
}

/**
 * Takes answers about the calls of one reply of the newest turn, from a client that sends all of them each time. What was
 * answered before in the same way is passed over; what was decided otherwise is refused, with the outcome. Returns the
 * turn, and the reply that made the calls. Runs in the caller's transaction.
 */
export function takeMixed(
  parts: SessionParts,
  { approvals, results }: MixedAnswers,
): { turn: string; afterSeq: number } {
  const ids = [...approvals, ...results].map(({ callId }) => callId);
  const asking = replyWithCall(parts, ids);
  if (asking === undefined) {
    throw new AppError("not_found", "None of the calls in the last message is one of the session's newest turn.");
  }
  const { reply, entries } = asking;
  for (const { callId, ...answer } of approvals) {
    if (approvalOf(asking, callId)?.approve === answer.approve) continue;
    answerApproval(parts, callId, answer);
  }
  const finished = new Set(
    entries.flatMap((entry) => (entry.type === "tool" && entry.step === reply.step ? [entry.callId] : [])),
  );
  const open = results.filter(({ callId }) => !finished.has(callId));
  if (open.length > 0) takeResults(parts, open);
  return { turn: reply.turn, afterSeq: reply.seq };
}

/** The open turn and what waits in it. */
export interface OpenTurn {
  turn: string;
  step: number;
  waiting: WaitingCall[];
}

/** An ended or cancelled turn has nothing that waits. */
export function openTurn({ turns }: SessionParts): OpenTurn {
  const { open } = turns;
  if (open?.firstSeq === undefined) return { turn: "", step: 0, waiting: [] };
  const entries = turns.entries(open.firstSeq);
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const waiting = open.stop === undefined ? openCalls(entries).waiting : [];
  return { turn: open.turn, step: reply?.step ?? 0, waiting };
}

function waitingCall(parts: SessionParts, waiting: readonly WaitingCall[], callId: string): WaitingCall {
  const call = waiting.find(({ id }) => id === callId);
  if (call !== undefined) return call;
  const asking = replyWithCall(parts, [callId]);
  if (asking === undefined && !parts.log.hasCall(callId)) {
    throw new AppError("not_found", `There is no call "${callId}" in this session.`, { field: "call_id" });
  }
  const outcome = asking === undefined ? "was answered, or its turn is over" : outcomeOf(asking, callId);
  throw new AppError("conflict", `The call "${callId}" does not wait any more: it ${outcome}.`, { field: "call_id" });
}

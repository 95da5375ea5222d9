/** Takes what a client sends on in a conversation that keeps its own state: answers to all calls that wait, or a new message. All of it or nothing, and only where the client believes the conversation to be. */
import type { NewEntry, TurnOptions } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { refOf, type WaitingCall } from "../../core/waits.ts";
import { approvalRequestId } from "../../wire/answer-id.ts";
import { isAnswer } from "../read/asked-for.ts";
import type { SessionParts } from "../session-parts.ts";
import type { InboxMessage, Receipt } from "../store/inbox.ts";
import {
  type Answers,
  type AskingReply,
  approvalOf,
  type ClientResult,
  givenBefore,
  outcomeOf,
  replyAt,
  replyWithCall,
  replyWithRef,
} from "./answered.ts";
import { type OpenTurn, openTurn, recordApprovals, takeResults } from "./answering.ts";
import { askAgain } from "./ask-again.ts";

export interface GoOn {
  results: ClientResult[];
  /** A person's yes or no about calls, each named by its ref. `id`: how the client named it. */
  approvals: { ref: string; id?: string; approve: boolean; reason?: string }[];
  messages: InboxMessage[];
  /** What the turn goes by from here on. */
  options: TurnOptions;
  metadata: Record<string, string>;
  receipt: Receipt;
  /** Ids of the models that the account may use; any when absent. */
  models?: readonly string[];
  /** The agent that the sender named: a session that has another one refuses the request. */
  agent?: string;
  /** Only when this answer is the newest thing in the session. */
  behind?: { turn: string; afterSeq?: number };
}

/**
 * `moved_on`: something stands behind the answer already, and nothing was taken. `fork`: the one session in which calls that
 * were denied here may be approved; it is the same for every request that approves them.
 */
export type WentOn = { type: "taken"; turn: string; afterSeq?: number } | { type: "moved_on"; fork?: string };

/** Runs in the caller's transaction. Throws, and takes nothing, when a call that waits has no answer, or an answer no call. */
export function goOn(parts: SessionParts, request: GoOn): WentOn {
  const { turns } = parts;
  const { receipt, messages, behind } = request;
  const repeated = turns.taken(receipt);
  if (repeated !== undefined) return { type: "taken", ...repeated };
  const open = openTurn(parts);
  const asking = isWaitedFor(parts, open, request) ? undefined : askingReply(parts, request);
  const before = asking && givenBefore(parts, asking, answersOf(parts, asking, request));
  if (before !== undefined) return { type: "taken", ...askAgain(parts, before, request) };
  if (asking !== undefined) mustNotBeUsed(parts, asking, request);
  if (behind !== undefined && !isNewest(parts, behind)) return movedOn(parts, asking, request);
  const { birth, name } = parts.record.read();
  mustMatch({ ...open, birth, session: name }, request);
  if (open.waiting.length > 0) return answerAll(parts, open, request);
  const [message, ...also] = messages;
  if (message === undefined) throw wrong("Nothing is asked. Send a message, or the output of a call.");
  const turn = turns.accept({ message, receipt, onBusy: "queue" }, Date.now());
  for (const each of also) parts.inbox.add(each, { atMs: Date.now(), joins: turn });
  return { type: "taken", turn };
}

/** Whether nothing came behind the answer that begins there, and nobody answered its calls. */
export function isNewest(
  { inbox, turns }: Pick<SessionParts, "inbox" | "turns">,
  { turn, afterSeq = 0 }: { turn: string; afterSeq?: number },
): boolean {
  if (inbox.newestTurn !== turn) return false;
  const firstSeq = turns.firstSeq(turn);
  if (firstSeq === undefined) return true;
  const entries = turns.entries(firstSeq);
  return !entries.some((entry) => entry.seq > afterSeq && isAnswer(entry, entries));
}

/** Whether one of the answers is about a call that waits now. */
function isWaitedFor({ record }: SessionParts, { turn, step, waiting }: OpenTurn, of: GoOn): boolean {
  const { birth } = record.read();
  return waiting.some(({ id }) => {
    const ref = refOf({ birth, turn, step, callId: id });
    return of.results.some(({ callId }) => callId === id) || of.approvals.some((approval) => approval.ref === ref);
  });
}

/** The reply whose calls the request answers, when it has been answered before. */
function askingReply(parts: SessionParts, { behind, approvals, results }: GoOn): AskingReply | undefined {
  const [approval] = approvals;
  if (approval === undefined && results.length === 0) return undefined;
  if (behind !== undefined) return replyAt(parts, behind);
  if (approval !== undefined) return replyWithRef(parts, approval.ref);
  return replyWithCall(
    parts,
    results.map(({ callId }) => callId),
  );
}

function answersOf({ record }: SessionParts, { reply }: AskingReply, { approvals, results, messages }: GoOn): Answers {
  const { birth } = record.read();
  const { turn, step } = reply;
  const idOf = (ref: string) => reply.toolCalls.find(({ id }) => refOf({ birth, turn, step, callId: id }) === ref)?.id;
  return {
    // A call that is not there has no id, and was not answered.
    approvals: approvals.map(({ ref, id: _, ...answer }) => ({ callId: idOf(ref) ?? "", ...answer })),
    results,
    messages: messages.map(({ content }) => content),
  };
}

/** An approval counts once: a call that was approved is not answered again, here or in a fork, and a denial is not given twice. */
function mustNotBeUsed(parts: SessionParts, asking: AskingReply, request: GoOn): void {
  const { approvals } = answersOf(parts, asking, request);
  const isDenial = approvals.every(({ approve }) => !approve);
  for (const { callId } of approvals) {
    const before = approvalOf(asking, callId);
    if (before === undefined || (!before.approve && !isDenial && request.behind !== undefined)) continue;
    const named = request.approvals.find((_, place) => approvals[place]?.callId === callId);
    const detail = `The approval request ${named?.id ?? named?.ref} ${outcomeOf(asking, callId)}.`;
    throw new AppError("conflict", detail, { field: "input" });
  }
}

/** Calls that were not run here may be approved in one fork: which one is written down before it is made. */
function movedOn(parts: SessionParts, asking: AskingReply | undefined, request: GoOn): WentOn {
  if (asking === undefined || request.approvals.length === 0) return { type: "moved_on" };
  const { approvals } = answersOf(parts, asking, request);
  if (approvals.some(({ callId }) => callId === "")) return { type: "moved_on" };
  const names = request.approvals.filter(({ approve }) => approve).map(({ ref }) => `fork:${ref}`);
  const fork = parts.inbox.claimed(names) ?? crypto.randomUUID();
  parts.inbox.claim(names, fork);
  return { type: "moved_on", fork };
}

/** Throws when a call that waits has no answer, or an answer no call. */
export function mustMatch(
  { birth, session, turn, step, waiting }: OpenTurn & { birth: string | null; session: string },
  { results, approvals }: Pick<GoOn, "results" | "approvals">,
): void {
  const clientCalls = waiting.filter(({ kind }) => kind === "client");
  const asked = waiting.filter(({ kind }) => kind === "approval");
  const refs = new Map(asked.map((call) => [refOf({ birth, turn, step, callId: call.id }), call]));
  const stray = results.find(({ callId }) => !clientCalls.some(({ id }) => id === callId));
  if (stray !== undefined) throw wrong(`No tool call found for function call output with call_id ${stray.callId}.`);
  const unknown = approvals.find(({ ref }) => !refs.has(ref));
  if (unknown !== undefined) throw wrong(`No approval request found with id ${unknown.id ?? unknown.ref}.`);
  const silent = clientCalls.find(({ id }) => !results.some(({ callId }) => callId === id));
  if (silent !== undefined) throw wrong(`No tool output found for function call ${silent.id}.`);
  const unasked = [...refs.keys()].find((each) => !approvals.some(({ ref }) => ref === each));
  if (unasked === undefined) return;
  const id = approvalRequestId({ session, turn }, unasked);
  throw wrong(`No approval response found for approval request ${id}.`);
}

function answerAll(parts: SessionParts, open: OpenTurn, request: GoOn): WentOn {
  const { results, messages, metadata, options, receipt } = request;
  const { turn } = open;
  mustKeepForm(parts, turn, options);
  parts.inbox.changeOptions(turn, options);
  recordApprovals(parts, open, approvalEntries(parts, open, request));
  const given = results.map((result) => ({ ...result, metadata }));
  if (given.length > 0) return { type: "taken", ...takeResults(parts, given, { also: messages, receipt }) };
  for (const message of messages) parts.inbox.add(message, { atMs: Date.now(), joins: turn });
  const place = { turn, afterSeq: parts.log.lastSeq };
  parts.inbox.keepReceipt(receipt, place);
  return { type: "taken", ...place };
}

function approvalEntries(
  { record }: SessionParts,
  { turn, step, waiting }: OpenTurn,
  { approvals, metadata }: GoOn,
): Extract<NewEntry, { type: "approval" }>[] {
  const { birth } = record.read();
  return approvals.map(({ ref, approve, reason }) => {
    const call = waiting.find(({ id }) => refOf({ birth, turn, step, callId: id }) === ref) as WaitingCall;
    const why = reason !== undefined && { reason };
    return {
      type: "approval",
      turn,
      step,
      callId: call.id,
      name: call.name,
      approve,
      ...why,
      metadata,
      atMs: Date.now(),
    };
  });
}

/** The form of the answer stands in the message that asked for it, and a tool is forced in a turn's first step only. */
function mustKeepForm({ inbox }: SessionParts, turn: string, { responseFormat, toolChoice }: TurnOptions): void {
  const before = inbox.byTurn(turn)?.message.options.responseFormat;
  if (JSON.stringify(before) !== JSON.stringify(responseFormat)) {
    const detail = "The form of the answer cannot change between a call and its output. Send the same text.format.";
    throw new AppError("invalid_request", detail, { field: "text.format" });
  }
  if (toolChoice !== undefined && toolChoice !== "none") {
    const detail = 'Behind the output of a call tool_choice must be "auto" or "none": the model could never answer.';
    throw new AppError("invalid_request", detail, { field: "tool_choice" });
  }
}

function wrong(detail: string): AppError {
  return new AppError("invalid_request", detail, { field: "input" });
}

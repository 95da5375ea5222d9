/** Takes what people and clients answer about calls that wait: once each, checked against the rows, all of it or nothing. An answer that comes again changes nothing. Runs in the caller's transaction. */

import { approvalEntry, resultEntry } from "../../core/answer-entries.ts";
import { defined } from "../../core/defined.ts";
import { callDigest } from "../../core/shown-call.ts";
import type { WaitingCall } from "../../core/waits.ts";
import { type AnswerPart, isNewest } from "../read/answer-request.ts";
import { type SubmitRefusal, SubmitRefused } from "../refusal.ts";
import {
  type Answers,
  type AskingReply,
  answerName,
  approvalOf,
  givenBefore,
  type OpenTurn,
  openTurn,
  outcomeOf,
  refIn,
  replyAt,
  replyWithCall,
  replyWithRef,
  resultOf,
} from "./asking-reply.ts";
import { attemptAfter } from "./attempts.ts";
import type { GivenApproval, Submission, SubmitRows } from "./submit-rows.ts";

/** The result of answers. `no_answers`: nothing waits, and nothing was answered. */
export type TakenAnswers =
  | { type: "accepted"; place: AnswerPart; repeated: boolean }
  | { type: "moved_on"; fork?: string }
  | { type: "no_answers" };

/** A submission whose parts are there. */
export type GivenAnswers = Submission & Required<Pick<Submission, "approvals" | "results" | "messages" | "receipt">>;

/** Each answer is about a call that waits now; results may be those that were given before. A message that did not come with them then is a message of its own. */
export function takeEach(rows: SubmitRows, given: GivenAnswers): TakenAnswers {
  const open = openTurn(rows);
  const ids = given.results.map(({ callId }) => callId);
  const isWaited = given.approvals.length > 0 || open.waiting.some(({ id }) => ids.includes(id));
  const asking = isWaited ? undefined : replyWithCall(rows, ids);
  const { results } = given;
  const placeOf = (messages: string[]) => asking && givenBefore(rows, asking, { approvals: [], results, messages });
  if (placeOf([]) === undefined) return write(rows, open, given);
  const before = placeOf(given.messages.map(({ content }) => content));
  return before === undefined ? { type: "no_answers" } : again(rows, before, given);
}

/** All answers about the calls of one reply of the newest turn: what was answered before, and in the same way, is passed over. The answer begins after the reply. */
export function takeResent(rows: SubmitRows, given: GivenAnswers): TakenAnswers {
  const idOf = ({ call }: GivenApproval) => ("id" in call ? call.id : "");
  const ids = given.approvals.map(idOf).map((id) => rows.children?.callOf(id) ?? id);
  const asking = replyWithCall(rows, [...ids, ...given.results.map(({ callId }) => callId)]);
  if (asking === undefined) throw new SubmitRefused({ code: "no_such_calls" });
  const approvals = given.approvals.filter((each) => approvalOf(asking, idOf(each))?.approve !== each.approve);
  const results = given.results.filter(({ callId }) => resultOf(asking, callId) === undefined);
  const isNew = approvals.length + results.length > 0;
  if (isNew) takeEach(rows, { ...given, approvals, results });
  const { turn, seq: afterSeq } = asking.reply;
  return { type: "accepted", place: { turn, afterSeq }, repeated: !isNew };
}

/** Every call that waits is answered, or exactly these answers were given before; of those that agents ask about that work here, at least one. */
export function takeAll(rows: SubmitRows, all: GivenAnswers): TakenAnswers {
  const open = openTurn(rows);
  const { left: approvals = all.approvals, before: place, other } = rows.children?.answered(all.approvals) ?? {};
  if (other !== undefined)
    throw new SubmitRefused({ code: "decided_before", id: nameOf(other.given), outcome: other.outcome });
  const given = { ...all, approvals };
  if (place !== undefined && approvals.length + all.results.length === 0) return again(rows, place, given);
  const asking = isWaitedFor(open, given) ? undefined : askedBefore(rows, given);
  const answers = asking && answersById(open.birth, asking, given);
  const before = asking && answers && givenBefore(rows, asking, answers);
  if (before !== undefined) return again(rows, before, given);
  if (asking !== undefined && answers !== undefined) mustNotBeDecided(asking, answers, given);
  if (given.after !== undefined && !isNewest(rows, given.after)) return movedOn(rows, answers, given);
  const fault = mismatch(open, given);
  if (fault !== undefined) throw new SubmitRefused(fault);
  if (open.waiting.length === 0) return { type: "no_answers" };
  mustKeepForm(rows, open.turn, given);
  return write(rows, open, given);
}

/** Why answers do not fit the calls that wait: a call has none, or an answer is about no such call. Agents ask when they come to it: one answer about their calls is enough. */
export function mismatch(
  open: OpenTurn,
  { results, approvals }: Pick<GivenAnswers, "results" | "approvals">,
): SubmitRefusal | undefined {
  const clientCalls = open.waiting.filter(({ kind }) => kind === "client");
  const refs = open.waiting.filter(({ kind }) => kind === "approval").map(({ id }) => refIn(open, id));
  const stray = results.find(({ callId }) => !clientCalls.some(({ id }) => id === callId));
  if (stray !== undefined) return { code: "stray_result", callId: stray.callId };
  const unknown = approvals.find((each) => !refs.includes(refGiven(open, each)));
  if (unknown !== undefined) return { code: "stray_approval", id: nameOf(unknown) };
  const silent = clientCalls.find(({ id }) => !results.some(({ callId }) => callId === id));
  if (silent !== undefined) return { code: "missing_result", callId: silent.id };
  const isGiven = (each: string) => approvals.some((approval) => refGiven(open, approval) === each);
  const own = open.waiting.filter(({ kind, child }) => kind === "approval" && child === undefined);
  const isAnswered = clientCalls.length + own.length > 0 || refs.some(isGiven);
  const needed = isAnswered ? own.map(({ id }) => refIn(open, id)) : refs;
  const ref = needed.find((each) => !isGiven(each));
  return ref === undefined ? undefined : { code: "missing_approval", turn: open.turn, ref };
}

/** What was given is in the log already. */
function again(rows: SubmitRows, place: AnswerPart, { continuation }: GivenAnswers): TakenAnswers {
  const now = continuation === undefined ? place : attemptAfter(rows, place, continuation);
  return { type: "accepted", place: now, repeated: true };
}

/** Appends the answers, and lets the messages become part of the turn. */
function write(rows: SubmitRows, open: OpenTurn, given: GivenAnswers): TakenAnswers {
  const { log, inbox } = rows;
  const { turn } = open;
  const at = { ...open, atMs: Date.now() };
  const decided = given.approvals.map((each) => {
    const call = callToDecide(rows, open, each);
    return {
      ...approvalEntry(at, call, each),
      ...(call.child && { child: call.child.session, arguments: call.arguments }),
    };
  });
  const returned = given.results.map((each) => resultEntry(at, callToReturn(rows, open, each.callId), each));
  if (given.continuation !== undefined) inbox.changeOptions(turn, given.continuation.options);
  log.append([...decided, ...returned]);
  rows.children?.wrote(decided);
  for (const { callId } of decided) inbox.claim([answerName(refIn(open, callId))], turn);
  for (const message of given.messages) inbox.add(message, { atMs: at.atMs, joins: turn });
  const place = { turn, afterSeq: log.lastSeq };
  inbox.keepReceipt(given.receipt, place);
  return { type: "accepted", place, repeated: false };
}

/** The waiting call that a person's answer is about. */
function callToDecide(rows: SubmitRows, open: OpenTurn, given: GivenApproval): WaitingCall {
  const call = "ref" in given.call ? callByRef(rows, open, given.call.ref) : callById(rows, open, given.call.id);
  if (given.digest !== undefined && callDigest(call) !== given.digest) {
    throw new SubmitRefused({ code: "other_call_shown", callId: call.id });
  }
  if (call.kind === "client") throw new SubmitRefused({ code: "call_of_client", callId: call.id });
  return call;
}

function callToReturn(rows: SubmitRows, open: OpenTurn, callId: string): WaitingCall {
  const call = callById(rows, open, callId);
  if (call.kind === "approval") throw new SubmitRefused({ code: "call_of_person", callId });
  return call;
}

/** Throws, with what became of the call, when it does not wait any more. */
function callById(rows: SubmitRows, { waiting }: OpenTurn, callId: string): WaitingCall {
  const call = waiting.find(({ id }) => id === callId);
  if (call !== undefined) return call;
  if (rows.children?.callOf(callId) !== undefined) throw new SubmitRefused({ code: "call_not_waiting", callId });
  const asking = replyWithCall(rows, [callId]);
  if (asking === undefined && !rows.log.hasCall(callId)) throw new SubmitRefused({ code: "no_such_call", callId });
  const outcome = asking && { outcome: outcomeOf(asking, callId) };
  throw new SubmitRefused({ code: "call_not_waiting", callId, ...outcome });
}

function callByRef(rows: SubmitRows, open: OpenTurn, ref: string): WaitingCall {
  const call = open.waiting.find(({ id }) => refIn(open, id) === ref);
  if (call !== undefined) return call;
  const asking = replyWithRef(rows, ref);
  if (asking === undefined) throw new SubmitRefused({ code: "ref_not_waiting" });
  const tool = asking.reply.toolCalls.find(({ id }) => id === asking.callId)?.name;
  const outcome = outcomeOf(asking, asking.callId);
  throw new SubmitRefused({ code: "ref_not_waiting", ...defined({ tool }), outcome });
}

/** Whether one of the answers is about a call that waits now. */
function isWaitedFor(open: OpenTurn, { results, approvals }: GivenAnswers): boolean {
  return open.waiting.some(({ id }) => {
    const ref = refIn(open, id);
    return results.some(({ callId }) => callId === id) || approvals.some((each) => refGiven(open, each) === ref);
  });
}

/** The reply whose calls the answers are about, when it has been answered before. */
function askedBefore(rows: SubmitRows, { after, approvals, results }: GivenAnswers): AskingReply | undefined {
  const [approval] = approvals;
  if (approval === undefined && results.length === 0) return undefined;
  if (after !== undefined) return replyAt(rows, after);
  if (approval !== undefined && "ref" in approval.call) return replyWithRef(rows, approval.call.ref);
  const decided = approvals.flatMap(({ call }) => ("id" in call ? [call.id] : []));
  return replyWithCall(rows, [...decided, ...results.map(({ callId }) => callId)]);
}

/** The answers with their calls' ids. A call that is not there has none, and was not answered. */
function answersById(birth: string | null, { reply }: AskingReply, given: GivenAnswers): Answers {
  const at = { birth, turn: reply.turn, step: reply.step };
  const idOf = ({ call }: GivenApproval) =>
    "id" in call ? call.id : (reply.toolCalls.find(({ id }) => refIn(at, id) === call.ref)?.id ?? "");
  return {
    approvals: given.approvals.map((each) => {
      const { approve, reason } = each;
      return { callId: idOf(each), approve, ...defined({ reason }) };
    }),
    results: given.results,
    messages: given.messages.map(({ content }) => content),
  };
}

/** An approval counts once: a call that was approved is not answered again, here or in a fork, and a denial is not given twice. */
function mustNotBeDecided(asking: AskingReply, { approvals }: Answers, given: GivenAnswers): void {
  const isDenial = approvals.every(({ approve }) => !approve);
  for (const [at, { callId }] of approvals.entries()) {
    const before = approvalOf(asking, callId);
    if (before === undefined || (!before.approve && !isDenial && given.after !== undefined)) continue;
    const named = given.approvals[at];
    throw new SubmitRefused({
      code: "decided_before",
      id: named === undefined ? callId : nameOf(named),
      outcome: outcomeOf(asking, callId),
    });
  }
}

/** Calls that were not run here may be approved in one fork: which one is written down before it is made. */
function movedOn({ inbox }: SubmitRows, answers: Answers | undefined, { approvals }: GivenAnswers): TakenAnswers {
  const isNone = answers === undefined || approvals.length === 0;
  if (isNone || answers.approvals.some(({ callId }) => callId === "")) return { type: "moved_on" };
  const names = approvals.flatMap(({ approve, call }) => (approve && "ref" in call ? [`fork:${call.ref}`] : []));
  const fork = inbox.claimed(names) ?? crypto.randomUUID();
  inbox.claim(names, fork);
  return { type: "moved_on", fork };
}

/** The form of the answer is in the message that asked for it, and a tool is forced in a turn's first step only. */
function mustKeepForm({ inbox }: SubmitRows, turn: string, { continuation }: GivenAnswers): void {
  const { responseFormat, toolChoice } = continuation?.options ?? {};
  const before = inbox.byTurn(turn)?.message.options.responseFormat;
  if (JSON.stringify(before) !== JSON.stringify(responseFormat)) throw new SubmitRefused({ code: "form_changed" });
  if (toolChoice !== undefined && toolChoice !== "none") throw new SubmitRefused({ code: "tool_forced" });
}

function refGiven(open: OpenTurn, { call }: GivenApproval): string {
  return "ref" in call ? call.ref : refIn(open, call.id);
}

function nameOf({ as, call }: GivenApproval): string {
  return as ?? ("ref" in call ? call.ref : call.id);
}

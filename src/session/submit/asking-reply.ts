/** Finds the reply whose calls an answer is about, and what was answered about them before, so that an answer that comes again is recognised. Reads rows; records nothing. */
import type { ApprovalEntry, AssistantEntry, Entry, ToolEntry } from "../../core/entry.ts";
import { handedOver, openCalls, refOf, type WaitingCall } from "../../core/waits.ts";
import type { AnswerPart } from "../read/answer-request.ts";
import type { CallOutcome } from "../refusal.ts";
import type { ClientResult, SubmitRows } from "./submit-rows.ts";

/** The open turn and what waits in it. `birth`: of its session. */
export interface OpenTurn {
  birth: string | null;
  turn: string;
  step: number;
  waiting: readonly WaitingCall[];
}

/** A reply whose calls wait, or waited, for a person or a client, among the entries of its turn. */
export interface AskingReply {
  reply: AssistantEntry;
  /** Results are shortened. */
  entries: readonly Entry[];
}

/** Answers about calls that are named by their ids. */
export interface Answers {
  approvals: readonly { callId: string; approve: boolean; reason?: string }[];
  results: readonly ClientResult[];
  /** Texts of messages that came with them. */
  messages: readonly string[];
}

/** The name under which a session remembers in which turn a call was approved or denied. */
export function answerName(ref: string): string {
  return `answer:${ref}`;
}

/** The name under which a session remembers of which turn this one is a new attempt. */
export function firstAttemptName(turn: string): string {
  return `attempt-of:${turn}`;
}

/** An ended or cancelled turn has nothing that waits. */
export function openTurn({ turns, record }: Pick<SubmitRows, "turns" | "record">): OpenTurn {
  const { open } = turns;
  const { birth } = record.read();
  if (open?.firstSeq === undefined) return { birth, turn: "", step: 0, waiting: [] };
  const entries = turns.entries(open.firstSeq);
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const own = openCalls(entries).waiting.filter(({ kind }) => kind !== "agent");
  const waiting = open.stop === undefined ? [...own, ...turns.askedByChildren()] : [];
  return { birth, turn: open.turn, step: reply?.step ?? 0, waiting };
}

/** The name of one of its calls where its id cannot be used. */
export function refIn({ birth, turn, step }: Omit<OpenTurn, "waiting">, callId: string): string {
  return refOf({ birth, turn, step, callId });
}

/** The reply with which the answer that begins at `place` was handed over. */
export function replyAt({ turns }: Pick<SubmitRows, "turns">, place: AnswerPart): AskingReply | undefined {
  const { turn, afterSeq = 0 } = place;
  const entries = entriesOf(turns, turn);
  const reply = entries.find(
    (entry) => entry.type === "assistant" && entry.seq > afterSeq && Object.keys(handedOver(entry)).length > 0,
  );
  return reply?.type === "assistant" ? { reply, entries } : undefined;
}

/** The reply that made the call with this ref, in the turn where it was answered, or in the newest one. */
export function replyWithRef(
  { inbox, log, record, turns }: SubmitRows,
  ref: string,
): (AskingReply & { callId: string }) | undefined {
  const turn = inbox.claimed([answerName(ref)]) ?? log.last?.turn;
  if (turn === undefined) return undefined;
  const { birth } = record.read();
  const entries = entriesOf(turns, turn);
  for (const reply of entries) {
    if (reply.type !== "assistant") continue;
    const call = reply.toolCalls.find(({ id }) => refIn({ birth, turn, step: reply.step }, id) === ref);
    if (call !== undefined) return { reply, entries, callId: call.id };
  }
  return undefined;
}

/** The newest reply of the newest turn that made one of these calls; where that turn is a new attempt, its calls or those of the first one. */
export function replyWithCall(
  { log, turns, inbox }: Pick<SubmitRows, "log" | "turns" | "inbox">,
  callIds: readonly string[],
): AskingReply | undefined {
  const newest = log.last?.turn;
  if (newest === undefined) return undefined;
  for (const turn of [newest, inbox.claimed([firstAttemptName(newest)])]) {
    const entries = turn === undefined ? [] : entriesOf(turns, turn);
    const reply = entries.findLast(
      (entry) => entry.type === "assistant" && entry.toolCalls.some(({ id }) => callIds.includes(id)),
    );
    if (reply?.type === "assistant") return { reply, entries };
  }
  return undefined;
}

/** Where the turn goes on after exactly these answers, when they were given before; a message that came with them must have come with them then. */
export function givenBefore(
  { log, inbox }: Pick<SubmitRows, "log" | "inbox">,
  asking: AskingReply,
  { approvals, results, messages }: Answers,
): Required<AnswerPart> | undefined {
  const { reply } = asking;
  const given = [
    ...approvals.map(({ callId, approve, reason }) => {
      const entry = approvalOf(asking, callId);
      return entry?.approve === approve && entry.reason === reason ? entry : undefined;
    }),
    ...results.map(({ callId, content, isError }) => {
      const entry = reply.waits?.[callId] === "client" ? resultOf(asking, callId) : undefined;
      return entry?.isError === isError && wholeContent(log, entry) === content ? entry : undefined;
    }),
  ];
  const afterSeq = Math.max(...given.map((entry) => entry?.seq ?? Number.NaN));
  if (given.length === 0 || Number.isNaN(afterSeq)) return undefined;
  const joined = messages.length === 0 ? [] : inbox.joined(reply.turn);
  return messages.every((message) => joined.includes(message)) ? { turn: reply.turn, afterSeq } : undefined;
}

/** What became of a call that does not wait any more. */
export function outcomeOf(asking: AskingReply, callId: string): CallOutcome {
  const approval = approvalOf(asking, callId);
  const result = resultOf(asking, callId);
  if (approval !== undefined) {
    const by = approval.by === undefined ? {} : { by: approval.by };
    if (!approval.approve) return { kind: "denied", ...by };
    return { kind: "approved", ...by, since: result === undefined ? "running" : result.isError ? "failed" : "run" };
  }
  if (result === undefined) return { kind: "turn_over" };
  return { kind: asking.reply.waits?.[callId] === "client" ? "has_result" : "unanswered" };
}

export function approvalOf({ reply, entries }: AskingReply, callId: string): ApprovalEntry | undefined {
  const found = entries.find(
    (entry) => entry.type === "approval" && entry.step === reply.step && entry.callId === callId,
  );
  return found?.type === "approval" ? found : undefined;
}

export function resultOf({ reply, entries }: AskingReply, callId: string): ToolEntry | undefined {
  const found = entries.find((entry) => entry.type === "tool" && entry.step === reply.step && entry.callId === callId);
  return found?.type === "tool" ? found : undefined;
}

function wholeContent(log: SubmitRows["log"], { seq, content }: ToolEntry): string {
  const [whole] = log.read({ after: seq - 1, limit: 1 });
  return whole?.type === "tool" ? whole.content : content;
}

function entriesOf(turns: SubmitRows["turns"], turn: string): readonly Entry[] {
  const firstSeq = turns.firstSeq(turn);
  return firstSeq === undefined ? [] : turns.entries(firstSeq);
}

/** Finds what was answered about the calls of a reply before, so that an answer that comes again is recognised. Reads rows; records nothing. */
import type { ApprovalEntry, AssistantEntry, Entry, ToolEntry } from "../../core/entry.ts";
import { refOf } from "../../core/waits.ts";
import type { AnswerPart } from "../read/asked-for.ts";
import type { SessionParts } from "../session-parts.ts";

/** The result of a tool that runs at the client. */
export interface ClientResult {
  callId: string;
  content: string;
  isError: boolean;
  metadata?: Record<string, string>;
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

/** The reply with which the answer that begins at `place` was handed over. */
export function replyAt({ turns }: SessionParts, { turn, afterSeq = 0 }: AnswerPart): AskingReply | undefined {
  const entries = entriesOf(turns, turn);
  const reply = entries.find(
    (entry) => entry.type === "assistant" && entry.seq > afterSeq && Object.keys(entry.waits ?? {}).length > 0,
  );
  return reply?.type === "assistant" ? { reply, entries } : undefined;
}

/** The reply that made the call with this ref, in the turn where it was answered, or in the newest one. */
export function replyWithRef(parts: SessionParts, ref: string): (AskingReply & { callId: string }) | undefined {
  const { inbox, log, record, turns } = parts;
  const turn = inbox.claimed([answerName(ref)]) ?? log.last?.turn;
  if (turn === undefined) return undefined;
  const { birth } = record.read();
  const entries = entriesOf(turns, turn);
  for (const reply of entries) {
    if (reply.type !== "assistant") continue;
    const call = reply.toolCalls.find(({ id }) => refOf({ birth, turn, step: reply.step, callId: id }) === ref);
    if (call !== undefined) return { reply, entries, callId: call.id };
  }
  return undefined;
}

/** The newest reply of the newest turn that made one of these calls; where that turn is a new attempt, its calls or those of the first one. */
export function replyWithCall(
  { log, turns, inbox }: SessionParts,
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

/** Where the turn goes on behind exactly these answers, when they were given before; a message that came with them must have come with them then. */
export function givenBefore(parts: SessionParts, asking: AskingReply, answers: Answers): AnswerPart | undefined {
  const { approvals, results, messages } = answers;
  const { reply } = asking;
  const given = [
    ...approvals.map(({ callId, approve, reason }) => {
      const entry = approvalOf(asking, callId);
      return entry?.approve === approve && entry.reason === reason ? entry : undefined;
    }),
    ...results.map(({ callId, content, isError }) => {
      const entry = reply.waits?.[callId] === "client" ? resultOf(asking, callId) : undefined;
      return entry?.isError === isError && wholeContent(parts, entry) === content ? entry : undefined;
    }),
  ];
  const afterSeq = Math.max(...given.map((entry) => entry?.seq ?? Number.NaN));
  if (given.length === 0 || Number.isNaN(afterSeq)) return undefined;
  const joined = messages.length === 0 ? [] : parts.inbox.joined(reply.turn);
  return messages.every((message) => joined.includes(message)) ? { turn: reply.turn, afterSeq } : undefined;
}

/** What became of a call that does not wait any more, to stand behind its name. */
export function outcomeOf(asking: AskingReply, callId: string): string {
  const approval = approvalOf(asking, callId);
  const result = resultOf(asking, callId);
  if (approval !== undefined) {
    const by = approval.by === undefined ? "" : ` by ${approval.by}`;
    if (!approval.approve) return `was denied already${by}`;
    const since = result === undefined ? "is being run" : result.isError ? "failed" : "has run";
    return `was approved already${by}, and ${since}`;
  }
  if (result === undefined) return "is no longer needed: its turn is over";
  return asking.reply.waits?.[callId] === "client" ? "has its result already" : "is over: it was not answered in time";
}

export function approvalOf({ reply, entries }: AskingReply, callId: string): ApprovalEntry | undefined {
  const found = entries.find(
    (entry) => entry.type === "approval" && entry.step === reply.step && entry.callId === callId,
  );
  return found?.type === "approval" ? found : undefined;
}

function resultOf({ reply, entries }: AskingReply, callId: string): ToolEntry | undefined {
  const found = entries.find((entry) => entry.type === "tool" && entry.step === reply.step && entry.callId === callId);
  return found?.type === "tool" ? found : undefined;
}

function wholeContent({ log }: SessionParts, { seq, content }: ToolEntry): string {
  const [whole] = log.read({ after: seq - 1, limit: 1 });
  return whole?.type === "tool" ? whole.content : content;
}

function entriesOf(turns: SessionParts["turns"], turn: string): readonly Entry[] {
  const firstSeq = turns.firstSeq(turn);
  return firstSeq === undefined ? [] : turns.entries(firstSeq);
}

/** Reads the request of an answer: the message of its turn, or the results and approvals after which the turn went on. */
import type { ApprovalEntry, Entry, ToolEntry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import type { AnswerRequest } from "../../wire/manner.ts";
import type { Inbox } from "../store/inbox.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import { withdrawnName } from "../store/withdraw.ts";
import { noSuchTurn, type Turns } from "../turn/turns.ts";

/** The part of a turn that is one answer: all of it, or what comes after an entry. */
export interface AnswerPart {
  turn: string;
  afterSeq?: number;
}

/** Where it is read. */
export interface AnswerRows {
  inbox: Inbox;
  turns: Turns;
  record: SessionRecord;
  log: Pick<TranscriptLog, "read">;
}

/** Throws `not_found` where no answer begins. */
export function askedFor(
  { inbox, turns, record, log }: AnswerRows,
  { turn, afterSeq }: { turn: string; afterSeq?: number | undefined },
): AnswerRequest {
  const found = inbox.byTurn(turn);
  if (found === undefined || found.turn !== turn) throw noSuchTurn(turn);
  const { message, firstSeq, stop, atMs } = found;
  const entries = firstSeq === undefined ? [] : turns.entries(firstSeq);
  const [first] = firstSeq === undefined ? [] : log.read({ after: firstSeq - 1, limit: 1 });
  // Of a turn that was copied the message is in the log alone.
  const kept = first?.type === "user" ? first : message;
  const begins = afterSeq === undefined ? undefined : answerAt(entries, afterSeq);
  return {
    options: { ...kept.options, ...message.options },
    metadata: (begins ?? kept).metadata ?? {},
    atMs: begins?.atMs ?? atMs,
    isQueued: firstSeq === undefined,
    isStopped: stop !== undefined,
    birth: record.read().birth,
    ...(begins && { step: begins.step }),
  };
}

/** The answer to a call that waited. */
function isAnswer(entry: Entry, entries: readonly Entry[]): entry is ToolEntry | ApprovalEntry {
  if (entry.type === "approval") return true;
  if (entry.type !== "tool") return false;
  const reply = entries.findLast((each) => each.type === "assistant" && each.seq < entry.seq);
  return reply?.type === "assistant" && reply.waits?.[entry.callId] === "client";
}

function answerAt(entries: readonly Entry[], seq: number): ToolEntry | ApprovalEntry {
  const entry = entries.find((each) => each.seq === seq);
  if (entry !== undefined && isAnswer(entry, entries)) return entry;
  throw new AppError("not_found", "No answer begins there.");
}

export interface FoundAnswer extends AnswerRequest {
  /** The session's own. */
  metadataOfSession: Record<string, string>;
}

/** Throws `not_found` where no answer begins, and for one that was withdrawn. */
export function findAnswer(rows: AnswerRows, place: AnswerPart, name: string): FoundAnswer {
  if (rows.inbox.claimed([withdrawnName(name)]) !== undefined) throw noSuchTurn(place.turn);
  return { ...askedFor(rows, place), metadataOfSession: rows.record.read().metadata };
}

/** `isAll`: nothing else is in the session but what was copied into it. Runs in the caller's transaction. */
export function withdraw(rows: AnswerRows, place: AnswerPart, name: string): { isAll: boolean } {
  rows.inbox.claim([withdrawnName(name)], place.turn);
  const begins = place.afterSeq ?? (rows.turns.firstSeq(place.turn) ?? 0) - 1;
  return { isAll: begins === rows.record.read().copiedSeq && isNewest(rows, place) };
}

/** Whether nothing came after the answer that begins there, and no one answered its calls. */
export function isNewest(
  { inbox, turns }: Pick<AnswerRows, "inbox" | "turns">,
  { turn, afterSeq = 0 }: AnswerPart,
): boolean {
  if (inbox.newestTurn !== turn) return false;
  const firstSeq = turns.firstSeq(turn);
  const entries = firstSeq === undefined ? [] : turns.entries(firstSeq);
  return !entries.some((entry) => entry.seq > afterSeq && isAnswer(entry, entries));
}

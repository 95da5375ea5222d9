/** Reads what an answer was asked for with: by the message of its turn, or by the results and approvals behind which the turn went on. */
import type { ApprovalEntry, Entry, ToolEntry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import type { AnswerRequest } from "../../wire/manner.ts";
import type { SessionParts } from "../session-parts.ts";
import { noSuchTurn } from "../turn/turns.ts";

/** The part of a turn that is one answer: all of it, or what comes after an entry. */
export interface AnswerPart {
  turn: string;
  afterSeq?: number;
}

/** Throws `not_found` where no answer begins. */
export function askedFor(
  { inbox, turns, record }: Pick<SessionParts, "inbox" | "turns" | "record">,
  { turn, afterSeq }: { turn: string; afterSeq?: number | undefined },
): AnswerRequest {
  const found = inbox.byTurn(turn);
  if (found === undefined || found.turn !== turn) throw noSuchTurn(turn);
  const { message, firstSeq, stop, atMs } = found;
  const entries = firstSeq === undefined ? [] : turns.entries(firstSeq);
  const [first] = entries;
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
  };
}

/** What somebody answered about a call that waited. */
export function isAnswer(entry: Entry, entries: readonly Entry[]): entry is ToolEntry | ApprovalEntry {
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

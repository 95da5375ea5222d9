/** Finds an answer under the name that a dialect gave it, and takes that name away. What was said stays in the transcript. */
import type { AnswerRequest } from "../../wire/manner.ts";
import { withdrawnName } from "../store/withdraw.ts";
import { isNewest } from "../submit/asking-reply.ts";
import { noSuchTurn } from "../turn/turns.ts";
import { type AnswerPart, type AnswerRows, askedFor } from "./asked-for.ts";

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

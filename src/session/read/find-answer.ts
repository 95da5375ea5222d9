/** Finds an answer under the name that a dialect gave it, and takes that name away. What was said stays in the transcript. */
import type { AnswerRequest } from "../../wire/manner.ts";
import type { SessionParts } from "../session-parts.ts";
import { withdrawnName } from "../store/withdraw.ts";
import { isNewest } from "../submit/go-on.ts";
import { noSuchTurn } from "../turn/turns.ts";
import { type AnswerPart, askedFor } from "./asked-for.ts";

export interface FoundAnswer extends AnswerRequest {
  /** The session's own. */
  metadataOfSession: Record<string, string>;
}

/** Throws `not_found` where no answer begins, and for one that was withdrawn. */
export function findAnswer(parts: SessionParts, place: AnswerPart, name: string): FoundAnswer {
  if (parts.inbox.claimed([withdrawnName(name)]) !== undefined) throw noSuchTurn(place.turn);
  return { ...askedFor(parts, place), metadataOfSession: parts.record.read().metadata };
}

/** `isAll`: nothing else is in the session but what was copied into it. Runs in the caller's transaction. */
export function withdraw(parts: SessionParts, place: AnswerPart, name: string): { isAll: boolean } {
  parts.inbox.claim([withdrawnName(name)], place.turn);
  const begins = place.afterSeq ?? (parts.turns.firstSeq(place.turn) ?? 0) - 1;
  return { isAll: begins === parts.record.read().copiedSeq && isNewest(parts, place) };
}

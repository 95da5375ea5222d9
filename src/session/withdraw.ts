/** Finds an answer under the name that a dialect gave it, and takes that name away. What was said stays in the transcript. */
import type { Asked } from "../dialects/openai-responses/asked.ts";
import { askedFor } from "./asked-for.ts";
import { isNewest } from "./go-on.ts";
import type { SessionParts } from "./session-parts.ts";
import { noSuchTurn } from "./turns.ts";

/** The part of a turn that is one answer: all of it, or what comes behind an entry. */
export interface AnswerPlace {
  turn: string;
  afterSeq?: number;
}

export interface Found extends Asked {
  /** The session's own. */
  metadataOfSession: Record<string, string>;
}

/** Throws `not_found` where no answer begins, and for one that was withdrawn. */
export function findAnswer(parts: SessionParts, place: AnswerPlace, name: string): Found {
  if (parts.inbox.claimed([withdrawn(name)]) !== undefined) throw noSuchTurn(place.turn);
  return { ...askedFor(parts, place), metadataOfSession: parts.record.read().metadata };
}

/** `isAll`: nothing else is in the session but what was copied into it. Runs in the caller's transaction. */
export function withdraw(parts: SessionParts, place: AnswerPlace, name: string): { isAll: boolean } {
  parts.inbox.claim([withdrawn(name)], place.turn);
  const begins = place.afterSeq ?? (parts.turns.firstSeq(place.turn) ?? 0) - 1;
  return { isAll: begins === parts.record.read().copiedSeq && isNewest(parts, place) };
}

/** Those of the names that were withdrawn. */
export function withdrawnNames({ inbox }: SessionParts, names: readonly string[]): string[] {
  const taken = inbox.claimedNames(withdrawn(""));
  return names.filter((name) => taken.has(withdrawn(name)));
}

function withdrawn(name: string): string {
  return `deleted:${name}`;
}

/** Finds an answer under the name that a dialect gave it, and takes that name away. What was said stays in the transcript. */

import { AppError } from "../core/errors.ts";
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

/** The entry leaves what the model is shown, and `names` name nothing any more. Runs in the caller's transaction. */
export function hideEntry({ inbox, log }: SessionParts, seq: number, names: readonly string[]): void {
  const [entry] = log.read({ after: seq - 1, limit: 1 });
  if (entry?.seq !== seq) throw new AppError("not_found", `There is no entry ${seq}.`);
  inbox.claim([`${hiddenPrefix}${seq}`, ...names.map(withdrawn)], entry.turn);
}

/** The entries that the model is not shown. */
export function hiddenSeqs(inbox: SessionParts["inbox"]): ReadonlySet<number> {
  return new Set([...inbox.claimedNames(hiddenPrefix)].map((name) => Number(name.slice(hiddenPrefix.length))));
}

const hiddenPrefix = "hidden:";

/** Those of the names that were withdrawn. */
export function withdrawnNames({ inbox }: SessionParts, names: readonly string[]): string[] {
  const taken = inbox.claimedNames(withdrawn(""));
  return names.filter((name) => taken.has(withdrawn(name)));
}

function withdrawn(name: string): string {
  return `deleted:${name}`;
}

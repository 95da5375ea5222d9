/** Gives a request that is sent again a new attempt where its turn ended without an answer: in a new turn of the same session, so that the model sees which tools ran, and no result is given twice. */
import { endsWithoutAnswer } from "../../core/entry.ts";
import type { AnswerPart } from "../read/asked-for.ts";
import { waitForEnd } from "../read/wait-for-end.ts";
import type { SessionParts } from "../session-parts.ts";
import type { InboxMessage, Receipt } from "../store/inbox.ts";
import { firstAttemptName } from "./answered.ts";

/** How long a turn that is being stopped may take to end. */
const stopMs = 10_000;

/** What the request says of its answer. */
export type AgainWith = Pick<InboxMessage, "options" | "metadata">;

/**
 * Where the answer is: at `place`, or in the newest of the turns that were begun in its stead. Begins one when that ended
 * without an answer and nothing came after it; requests that come at once get the same one. Runs in the caller's transaction.
 */
export function askAgain(parts: SessionParts, place: AnswerPart, { options, metadata }: AgainWith): AnswerPart {
  const { turns, inbox, log } = parts;
  const newest = newestAttempt(parts, place);
  const state = turns.state(newest.turn);
  if (state?.status !== "ended" || !endsWithoutAnswer(state.ended.reason)) return newest;
  const question = turns.entries(state.firstSeq).findLast((entry) => entry.type === "user");
  // After other turns the model could not know which question is meant.
  if (question === undefined || turns.busy || log.last?.turn !== newest.turn) return newest;
  const { content, speaker } = question;
  const said = { content, ...(speaker !== undefined && { speaker }), ...(metadata && { metadata }) };
  const message = { ...said, options, again: true } as const;
  const turn = turns.accept({ message, receipt: {}, onBusy: "queue" }, Date.now());
  inbox.moveClaim(attemptName(place.turn), turn);
  inbox.claim([firstAttemptName(turn)], place.turn);
  return { turn };
}

/** The same for what a request with this receipt was answered by before; null when there was none. Runs in the caller's transaction. */
export function takenOrAgain(parts: SessionParts, receipt: Receipt, again: AgainWith): AnswerPart | null {
  const place = parts.turns.taken(receipt);
  return place === undefined ? null : askAgain(parts, place, again);
}

/** Waits, for a bounded time, until the turn of an earlier request has ended that is being stopped: until then it cannot be asked again. */
export async function untilStopped(parts: SessionParts, receipt: Receipt): Promise<void> {
  const place = parts.turns.taken(receipt);
  const turn = place && newestAttempt(parts, place).turn;
  if (turn !== undefined && parts.inbox.byTurn(turn)?.stop !== undefined) await waitForEnd(parts, turn, stopMs);
}

function newestAttempt({ inbox }: SessionParts, place: AnswerPart): AnswerPart {
  const turn = inbox.claimed([attemptName(place.turn)]);
  return turn === undefined ? place : { turn };
}

function attemptName(turn: string): string {
  return `again:${turn}`;
}

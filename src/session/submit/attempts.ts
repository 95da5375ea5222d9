/** Gives a request that is sent again a new attempt where its turn ended without an answer: in a new turn of the same session, so that the model sees which tools ran, and no result is given twice. */
import { endsWithoutAnswer } from "../../core/entry.ts";
import type { AnswerPart } from "../read/asked-for.ts";
import { type EndSources, waitForEnd } from "../read/wait-for-end.ts";
import type { Receipt } from "../store/inbox.ts";
import { firstAttemptName } from "./asking-reply.ts";
import type { Submission, SubmitRows } from "./submit-rows.ts";

/** How long a turn that is being stopped may take to end. */
const stopMs = 10_000;

type Rows = Pick<SubmitRows, "turns" | "inbox" | "log">;

/**
 * Where the answer is: at `place`, or in the newest of the turns that were begun in its stead. Begins one when that ended
 * without an answer and nothing came after it; requests that come at once get the same one. Runs in the caller's transaction.
 */
export function attemptAfter(
  { turns, inbox, log }: Rows,
  place: AnswerPart,
  { options, metadata }: NonNullable<Submission["continuation"]>,
): AnswerPart {
  const newest = newestAttempt(inbox, place);
  const state = turns.state(newest.turn);
  if (state?.status !== "ended" || !endsWithoutAnswer(state.ended.reason)) return newest;
  const question = turns.entries(state.firstSeq).findLast((entry) => entry.type === "user");
  // After other turns the model could not know which question is meant.
  if (question === undefined || turns.busy || log.last?.turn !== newest.turn) return newest;
  const { content, speaker } = question;
  const text = { content, ...(speaker !== undefined && { speaker }), ...(metadata && { metadata }) };
  const message = { ...text, options, again: true } as const;
  const turn = turns.accept({ message, receipt: {}, onBusy: "queue" }, Date.now());
  inbox.moveClaim(attemptName(place.turn), turn);
  inbox.claim([firstAttemptName(turn)], place.turn);
  return { turn };
}

/** Waits, for a bounded time, until the turn of an earlier request has ended that is being stopped: until then it cannot be asked again. */
export async function untilStopped(rows: Rows & EndSources, receipt: Receipt): Promise<void> {
  const place = rows.turns.taken(receipt);
  const turn = place && newestAttempt(rows.inbox, place).turn;
  if (turn !== undefined && rows.inbox.byTurn(turn)?.stop !== undefined) await waitForEnd(rows, turn, stopMs);
}

function newestAttempt(inbox: Rows["inbox"], place: AnswerPart): AnswerPart {
  const turn = inbox.claimed([attemptName(place.turn)]);
  return turn === undefined ? place : { turn };
}

function attemptName(turn: string): string {
  return `again:${turn}`;
}

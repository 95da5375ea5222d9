/** Gives a request that is sent again a new attempt where its turn ended without an answer: in a new turn of the same session, so that the model sees which tools ran, and no result is given twice. */
import { defined } from "../../core/defined.ts";
import { endsWithoutAnswer, type UserEntry } from "../../core/entry.ts";
import type { AnswerPart } from "../read/answer-request.ts";
import { type EndSources, waitForEnd } from "../read/wait-for-end.ts";
import type { InboxMessage, Receipt } from "../store/inbox.ts";
import { firstAttemptName } from "./asking-reply.ts";
import type { Submission, SubmitRows } from "./submit-rows.ts";

/** How long a turn that is being stopped may take to end. */
const stopMs = 10_000;

type Rows = Pick<SubmitRows, "turns" | "inbox" | "log">;

/**
 * Where the answer is: at `place`, or in the newest of the turns that were begun in its place. Begins one when that ended
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
  const text = { content, ...defined({ speaker }), ...(metadata && { metadata }) };
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
  if (turn !== undefined && rows.inbox.byTurn(turn)?.stop !== undefined)
    await waitForEnd(rows, turn, { timeoutMs: stopMs });
}

function newestAttempt(inbox: Rows["inbox"], place: AnswerPart): AnswerPart {
  const turn = inbox.claimed([attemptName(place.turn)]);
  return turn === undefined ? place : { turn };
}

function attemptName(turn: string): string {
  return `again:${turn}`;
}

/** Most turns that are looked at. */
const mostTurns = 20;

/**
 * The messages without those at their beginning that are in the log already, in turns that ended without an answer. When
 * none is left, the last one is asked `again`: its turn is new, and the model is shown the question once.
 */
export function withoutUnanswered(
  rows: Pick<SubmitRows, "log" | "turns">,
  messages: readonly InboxMessage[],
): InboxMessage[] {
  const asked = unanswered(rows);
  const most = Math.min(asked.length, messages.length);
  for (let many = most; many > 0; many--) {
    const tail = asked.slice(-many);
    if (!tail.every(({ entry }, at) => isSame(entry, messages[at]))) continue;
    const rest = messages.slice(many);
    const last = messages.at(-1);
    if (rest.length > 0 || last === undefined) return rest;
    // After half an answer the question must be shown again.
    return [tail.at(-1)?.isSpoken ? last : { ...last, again: true }];
  }
  return [...messages];
}

/** `isSpoken`: there is text in it that the model is shown. */
interface UnansweredQuestion {
  entry: UserEntry;
  isSpoken: boolean;
}

/** The newest questions without a whole answer, oldest first; none while a turn is open. */
function unanswered({ log, turns }: Pick<SubmitRows, "log" | "turns">): UnansweredQuestion[] {
  const asked: UnansweredQuestion[] = [];
  let last = log.last;
  for (let many = 0; many < mostTurns && last?.type === "turn_ended" && endsWithoutAnswer(last.reason); many++) {
    const firstSeq = turns.firstSeq(last.turn);
    const entries = firstSeq === undefined ? [] : turns.entries(firstSeq);
    if (firstSeq === undefined) break;
    const isSpoken = entries.some(
      (entry) => entry.type === "assistant" && (entry.content.trim() !== "" || entry.toolCalls.length > 0),
    );
    asked.unshift(...entries.flatMap((entry) => (entry.type === "user" && !entry.again ? [{ entry, isSpoken }] : [])));
    last = firstSeq > 1 ? log.read({ after: firstSeq - 2, limit: 1 })[0] : undefined;
  }
  return asked;
}

/** Blanks around a text are lost in many clients. The form of the answer is asked for with the question. */
function isSame(asked: UserEntry, message: InboxMessage | undefined): boolean {
  if (message === undefined) return false;
  const form = ({ options }: Pick<InboxMessage, "options">) => JSON.stringify(options.responseFormat ?? null);
  const isText = asked.content.trim() === message.content.trim();
  return isText && asked.speaker === message.speaker && form(asked) === form(message);
}

/** Recognises questions that come again: clients that keep the conversation send a question whose turn failed or was stopped once more, alone or before the next one. */
import { endsWithoutAnswer, type UserEntry } from "../../core/entry.ts";
import type { SessionParts } from "../session-parts.ts";
import type { InboxMessage } from "../store/inbox.ts";

/** Most turns that are looked at. */
const mostTurns = 20;

/**
 * The messages without those at their beginning that are in the log already, in turns that ended without an answer. When
 * none is left, the last one is asked `again`: its turn is new, and the model is shown the question once.
 */
export function withoutUnanswered(parts: SessionParts, messages: readonly InboxMessage[]): InboxMessage[] {
  const asked = unanswered(parts);
  const most = Math.min(asked.length, messages.length);
  for (let many = most; many > 0; many--) {
    const tail = asked.slice(-many);
    if (!tail.every(({ entry }, at) => isSame(entry, messages[at]))) continue;
    const rest = messages.slice(many);
    const last = messages.at(-1);
    if (rest.length > 0 || last === undefined) return rest;
    // Behind half an answer the question must be shown again.
    return [tail.at(-1)?.isSpoken ? last : { ...last, again: true }];
  }
  return [...messages];
}

/** `isSpoken`: the model is shown something that it said to it. */
interface UnansweredQuestion {
  entry: UserEntry;
  isSpoken: boolean;
}

/** The newest questions without a whole answer, oldest first; none while a turn is open. */
function unanswered({ log, turns }: SessionParts): UnansweredQuestion[] {
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

/** Takes a message in, in one transaction: its turn, the names it counts once by, and the answer that is owed for it. */
import type { SessionParts } from "./session-parts.ts";
import type { SendRequest } from "./turns.ts";
import { withoutUnanswered } from "./unanswered.ts";

/** The message's turn: a new one with what is owed for it, or the one that the same message has already. */
export function takeIn(parts: SessionParts, request: SendRequest): { turn: string; repeated: boolean } {
  const { turns, inbox, outbox, storage } = parts;
  const { receipt, claims = [], replyTo } = request;
  return storage.transactionSync(() => {
    const repeated = turns.repeated(receipt, claims);
    const atMs = Date.now();
    const all = [request.message, ...(request.also ?? [])];
    const [message = request.message, ...also] = request.reconciles ? withoutUnanswered(parts, all) : all;
    const turn = repeated ?? turns.accept({ ...request, message }, atMs);
    inbox.claim(claims, turn);
    if (repeated === undefined) for (const message of also) inbox.add(message, { atMs, joins: turn });
    if (repeated === undefined && replyTo !== undefined) outbox.add({ turn, address: replyTo, atMs });
    return { turn, repeated: repeated !== undefined };
  });
}

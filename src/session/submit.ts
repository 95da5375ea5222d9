/** Takes a message in, in one transaction: its turn, the names it counts once by, and the answer that is owed for it. */

import { AppError } from "../core/errors.ts";
import { entriesOfHistory, type HistoryItem } from "../core/history.ts";
import type { SessionParts } from "./session-parts.ts";
import { withoutUnanswered } from "./submit/unanswered.ts";
import type { SendRequest } from "./turn/turns.ts";

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

/** `model`: what the answers are said to come from. Returns where the first entry is. Throws while a turn is open or waits. */
export function addHistory(
  { log, inbox, turns }: SessionParts,
  items: readonly HistoryItem[],
  model: string,
): { firstSeq: number } {
  if (turns.busy) {
    throw new AppError("session_busy", "A turn is open in this conversation. Wait until it has ended, or cancel it.");
  }
  const firstSeq = log.lastSeq + 1;
  const entries = entriesOfHistory(items, { firstSeq, firstTurn: inbox.lastId + 1, model, atMs: Date.now() });
  for (const entry of entries) {
    log.append([entry]);
    if (entry.type === "user" && !entry.joined) inbox.restore(entry.turn, { firstSeq: entry.seq, atMs: entry.atMs });
  }
  return { firstSeq };
}

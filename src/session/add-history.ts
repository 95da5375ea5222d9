/** Adds to a session what was said elsewhere, as turns that have ended. No model is asked. Runs in the caller's transaction. */
import { AppError } from "../core/errors.ts";
import { entriesOfHistory, type HistoryItem } from "../core/history.ts";
import type { SessionParts } from "./session-parts.ts";

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

/** Takes a notice in that no model wrote, such as an alert: a turn that has ended, whose answer is owed to an address. Runs in the caller's transaction. */
import type { Notice } from "../../observe/telemetry.ts";
import type { SessionParts } from "../session-parts.ts";
import { addHistory } from "../submit.ts";

/** Returns its turn; the same notice comes in once. Throws `session_busy` while a turn is open. */
export function takeNotice(parts: SessionParts, { id, subject, text, data, to }: Notice): string {
  const { inbox, log, outbox } = parts;
  const name = `notice ${id}`;
  const earlier = inbox.claimed([name]);
  if (earlier !== undefined) return earlier;
  const answer = { role: "assistant" as const, content: text, reasoning: "", calls: [] };
  addHistory(parts, [{ role: "user", content: subject }, answer], "longline");
  const turn = log.last?.turn ?? "";
  const atMs = Date.now();
  inbox.claim([name], turn);
  const address = { ...to, alert: data };
  outbox.add({ turn, address, atMs });
  outbox.turnEnded(turn, atMs);
  return turn;
}

/** Takes a notice in that no model wrote, such as an alert: a turn that has ended, whose answer is owed to an address. Runs in the caller's transaction. */
import type { Address } from "../../channels/channel.ts";
import type { SessionParts } from "../session-parts.ts";
import { addHistory } from "../submit.ts";

export interface Notice {
  /** The same notice comes in once. */
  id: string;
  /** What it is about, and what is delivered. */
  subject: string;
  text: string;
  to: Address;
}

/** Returns its turn. Throws `session_busy` while a turn is open. */
export function takeNotice(parts: SessionParts, { id, subject, text, to }: Notice): string {
  const { inbox, log, outbox } = parts;
  const name = `notice ${id}`;
  const earlier = inbox.claimed([name]);
  if (earlier !== undefined) return earlier;
  const answer = { role: "assistant" as const, content: text, reasoning: "", calls: [] };
  addHistory(parts, [{ role: "user", content: subject }, answer], "longline");
  const turn = log.last?.turn ?? "";
  const atMs = Date.now();
  inbox.claim([name], turn);
  outbox.add({ turn, address: to, atMs });
  outbox.turnEnded(turn, atMs);
  return turn;
}

/** What the end of a turn sets going beside the turn: deliveries, its trace, its line in the log. */
import type { NewEntry } from "../../core/entry.ts";
import { turnLine, turnRecord } from "../../observe/turn-record.ts";
import { watchdogMs } from "../alarm.ts";
import type { SessionParts } from "../session-parts.ts";
import type { TurnContext } from "./turn-context.ts";

/** Runs in the transaction that ends the turn. */
export function oweAnswer(
  { outbox, telemetry }: SessionParts,
  { turn, atMs }: { turn: string; atMs: number },
  firstSeq: number,
): void {
  outbox.turnEnded(turn, atMs + watchdogMs);
  telemetry?.owe({ kind: "turn", firstSeq });
}

/** Called when the entries were just put on disk, and nowhere else, so that no turn has two lines; an instance that dies in between leaves none. */
export function logEntries(parts: SessionParts, { turn, agent }: TurnContext, entries: readonly NewEntry[]): void {
  for (const entry of entries) if (entry.type === "step_failed") console.warn("model call failed", entry.failure);
  const { turns, record, feed } = parts;
  // Erased meanwhile: there are no rows any more.
  if (feed.closed || !entries.some(({ type }) => type === "turn_ended")) return;
  const { account, name: session } = record.read();
  const ended = turnRecord(turns.entries(turn.firstSeq), agent.name);
  if (ended !== undefined) console.log(JSON.stringify(turnLine(ended, { account, session })));
}

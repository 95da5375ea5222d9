/** Prints the one line of a turn that has ended. Called where the turn's end was just put on disk, and nowhere else, so that no turn has two; an instance that dies in between leaves none. */
import { turnLine, turnRecord } from "../../observe/turn-record.ts";
import type { SessionParts } from "../session-parts.ts";
import type { TurnContext } from "./turn-context.ts";

export function logTurn({ turns, record, feed }: SessionParts, { turn, agent }: TurnContext): void {
  // Erased meanwhile: there are no rows any more.
  if (feed.closed) return;
  const { account, name: session } = record.read();
  const ended = turnRecord(turns.entries(turn.firstSeq), agent.name);
  if (ended !== undefined) console.log(JSON.stringify(turnLine(ended, { account, session })));
}

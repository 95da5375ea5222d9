/** The line that a turn writes to the Worker's log when it has ended. */
import type { NewEntry } from "../../core/entry.ts";
import { turnLine, turnRecord } from "../../observe/turn-record.ts";
import type { Feed } from "../read/feed.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TurnContext } from "./turn-context.ts";
import type { Turns } from "./turns.ts";

interface LineSources {
  turns: Turns;
  record: SessionRecord;
  feed: Feed;
}

/** Called when the entries were just put on disk, and nowhere else, so that no turn has two lines; an instance that dies in between leaves none. */
export function logTurnEnd(
  { turns, record, feed }: LineSources,
  { turn, agent }: TurnContext,
  entries: readonly NewEntry[],
): void {
  // Erased meanwhile: there are no rows any more.
  if (feed.closed || !entries.some(({ type }) => type === "turn_ended")) return;
  const { account, name: session } = record.read();
  const ended = turnRecord(turns.entries(turn.firstSeq), agent.name);
  if (ended !== undefined) console.log(JSON.stringify(turnLine(ended, { account, session })));
}

/** Reads turns that really happened from a Worker that runs: the conversation before each, its question, and its result. Reads alone. */

import { type Client, client } from "../../client/client.ts";
import { defined } from "../../core/defined.ts";
import type { Entry, UserEntry } from "../../core/entry.ts";
import { exportedSession } from "../exported-session.ts";

/** `before`: the entries of the turns before, in order. `own`: those of the turn. */
export interface RecordedTurn {
  session: string;
  turn: string;
  instructions: string | null;
  before: Entry[];
  own: Entry[];
  asked: UserEntry;
  /** Of the first reply, which names its request. */
  firstSeq: number;
}

/** `leftOut`: turns that cannot be run again, by why. `sessions`: how many were active since then. */
export interface RecordedTurns {
  turns: RecordedTurn[];
  leftOut: Map<string, number>;
  sessions: number;
}

export interface TurnWindow {
  worker: { url: string; key: string };
  sinceMs: number;
  /** Most turns, the newest sessions first. */
  limit: number;
  agent: string | undefined;
}

export async function recordedTurns({ worker, sinceMs, limit, agent }: TurnWindow): Promise<RecordedTurns> {
  const ids = await activeSessions(client(worker), { sinceMs, agent });
  const found: RecordedTurns = { turns: [], leftOut: new Map(), sessions: ids.length };
  for (const id of ids) {
    if (found.turns.length >= limit) break;
    const { header, entries } = await exportedSession(worker, id);
    for (const turn of turnsSince(entries, sinceMs)) {
      const made = turnOf({ session: id, turn, entries, instructions: header.instructions });
      if (typeof made === "string") found.leftOut.set(made, (found.leftOut.get(made) ?? 0) + 1);
      else if (found.turns.length < limit) found.turns.push(made);
    }
  }
  return found;
}

async function activeSessions(
  longline: Client,
  { sinceMs, agent }: { sinceMs: number; agent: string | undefined },
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await longline.sessions.list({
      limit: 100,
      ...defined({ cursor, agent }),
    });
    for (const { id, last_turn } of page.sessions)
      if (last_turn !== null && last_turn !== undefined && Date.parse(last_turn.ended_at) >= sinceMs) ids.push(id);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

/** The newest first. */
function turnsSince(entries: readonly Entry[], sinceMs: number): string[] {
  const ended = entries.filter((entry) => entry.type === "turn_ended" && entry.atMs >= sinceMs);
  return ended.map(({ turn }) => turn).toReversed();
}

type TurnSource = Pick<RecordedTurn, "session" | "turn" | "instructions"> & { entries: readonly Entry[] };

/** Or why it cannot be run again. */
export function turnOf({ session, turn, entries, instructions }: TurnSource): RecordedTurn | string {
  const from = entries.findIndex((entry) => entry.turn === turn);
  const own = entries.filter((entry) => entry.turn === turn);
  const [asked, ...joined] = own.filter((entry) => entry.type === "user");
  const reply = own.find((entry) => entry.type === "assistant");
  if (asked?.type !== "user" || reply === undefined) return "it has no answer";
  if (joined.length > 0) return "other messages joined it";
  if ((asked.options.tools ?? []).length > 0) return "it has tools of the client";
  if (own.some((entry) => entry.type === "compaction")) return "it was summarised in it";
  return { session, turn, instructions, before: entries.slice(0, from), own: [...own], asked, firstSeq: reply.seq };
}

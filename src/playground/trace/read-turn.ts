/** Reads the entries of one turn. */
import { readEntries } from "../chat/read-entries.ts";
import { callJson } from "../shell/api.ts";
import type { PageEntry, PageSession } from "../shell/shapes.ts";

/** Entries that are read at once. */
const pageEntries = 500;

/** Entries are read by their number and not by their turn, so it looks from the end of the transcript backwards. Empty when there is no such turn. */
export async function readTurn(session: string, turn: string, signal: AbortSignal): Promise<PageEntry[]> {
  const { last_seq } = await callJson<PageSession>(`/v1/sessions/${session}`, { signal });
  let found: PageEntry[] = [];
  for (let upTo = last_seq; upTo > 0; upTo -= pageEntries) {
    const page = await readEntries(session, { after: Math.max(0, upTo - pageEntries), upTo, signal });
    found = [...page.filter((entry) => entry.turn === turn), ...found];
    // It begins after the first entry of this page.
    if (found.length > 0 && page[0]?.turn !== turn) return found;
  }
  return found;
}

/** Entries for a list that clients read: a row that is damaged is in it as broken, and hides no other. */
import type { Entry } from "../core/entry.ts";
import type { BrokenEntry } from "../dialects/native.ts";
import type { SessionParts } from "./session-parts.ts";
import { type LogRange, pageUnits } from "./transcript-log.ts";

export type ShownEntry = Entry | BrokenEntry;

export function shownEntries({ log, storage }: SessionParts, range: LogRange): ShownEntry[] {
  try {
    return log.read({ ...range, maxUnits: pageUnits });
  } catch {
    return oneByOne(log, storage.sql, range);
  }
}

/** A message without its tools: they may be a megabyte, and most readers of entries have no use for them. */
export function withoutTools(entry: Entry): Entry {
  if (entry.type !== "user" || entry.options.tools === undefined) return entry;
  const { tools: _, ...options } = entry.options;
  return { ...entry, options };
}

/** Stops, as a page does, once it is too long. */
function oneByOne(log: SessionParts["log"], sql: SqlStorage, { after, limit = -1 }: LogRange): ShownEntry[] {
  const query = "SELECT seq, turn, type FROM entries WHERE seq > ? ORDER BY seq LIMIT ?";
  const rows = sql.exec<{ seq: number; turn: string; type: string }>(query, after, limit).toArray();
  const shown: ShownEntry[] = [];
  for (let place = 0, units = 0; place < rows.length && units < pageUnits; place++) {
    const row = rows[place];
    if (row === undefined) break;
    const entry = entryAt(log, row.seq);
    shown.push(entry ?? { ...row, broken: "This row cannot be shown: it is damaged." });
    units += entry === undefined ? 0 : JSON.stringify(entry).length;
  }
  return shown;
}

function entryAt(log: SessionParts["log"], seq: number): Entry | undefined {
  try {
    return log.read({ after: seq - 1, limit: 1 })[0];
  } catch {
    return undefined;
  }
}

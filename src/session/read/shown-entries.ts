/** Entries for a list that clients read: a row that is damaged is in it as broken, and hides no other. */
import type { Entry } from "../../core/entry.ts";
import type { BrokenEntry, QueuedMessage } from "../../wire/native.ts";
import type { SessionParts } from "../session-parts.ts";
import { type LogRange, pageUnits } from "../store/transcript-log.ts";

export type ShownEntry = Entry | BrokenEntry;

export function shownEntries({ log, storage }: SessionParts, range: LogRange): ShownEntry[] {
  try {
    return log.read({ ...range, maxUnits: pageUnits });
  } catch {
    return oneByOne(log, storage.sql, range);
  }
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

export interface UiHistory {
  /** The list begins behind this entry: with a whole turn. */
  afterSeq: number;
  lastSeq: number;
  /** Client's id of a message, by its turn. */
  names: { turn: string; id: string }[];
  queued: QueuedMessage[];
  open?: { turn: string; status: "running" | "waiting" };
}

/** A client sends the whole list back with each message, of at most 8 MB: no more than half of that is given, in UTF-16 units, and no more entries than this. */
const most = { units: 4_000_000, entries: 4_000 };
/** What of one entry is shown at most, about. */
const mostOfEntry = 110_000;

export function uiHistory({ storage, log, inbox, turns }: SessionParts): UiHistory {
  const open = turns.open?.turn;
  const status = turns.waitingFor.length > 0 ? "waiting" : "running";
  return {
    afterSeq: beginning(storage.sql),
    lastSeq: log.lastSeq,
    names: namesOf(inbox),
    queued: inbox.queued(),
    ...(open !== undefined && { open: { turn: open, status } }),
  };
}

/** The entry in front of the oldest turn that fits; the newest turn always does. */
function beginning(sql: SqlStorage): number {
  const rows = sql.exec<{ seq: number; turn: string; units: number; parts: number }>(
    "SELECT seq, turn, length(data) AS units, parts FROM entries ORDER BY seq DESC",
  );
  let [units, entries, turn] = [0, 0, ""];
  let fits: number | undefined;
  for (const row of rows) {
    if (turn !== "" && row.turn !== turn) fits = row.seq;
    turn = row.turn;
    units += row.parts > 0 ? mostOfEntry : Math.min(row.units, mostOfEntry);
    entries++;
    if (fits !== undefined && (units > most.units || entries > most.entries)) return fits;
  }
  return 0;
}

/** Names are `ui:<id>:<fingerprint>`. An edited message keeps its id, which then is the newer one's alone: no two messages of a list have one id. */
function namesOf(inbox: SessionParts["inbox"]): UiHistory["names"] {
  const byId = new Map<string, string>();
  for (const { name, turn } of inbox.namesLike("ui:")) byId.set(name.slice(3, name.lastIndexOf(":")), turn);
  return [...byId].map(([id, turn]) => ({ turn, id }));
}

/** Entries for a list that clients read, and where such a list begins: a row that is damaged is in it as broken, and hides no other. */

import type { Entry } from "../../core/entry.ts";
import type { WaitingCall } from "../../core/waits.ts";
import type { BrokenEntry, QueuedMessage } from "../../wire/native.ts";
import type { LogRange } from "../store/entry-tail.ts";
import type { Inbox } from "../store/inbox.ts";
import { pageUnits, type SqliteTranscriptLog } from "../store/transcript-log.ts";
import type { Turns } from "../turn/turns.ts";

export type ShownEntry = Entry | BrokenEntry;

export function shownEntries(log: SqliteTranscriptLog, range: LogRange): ShownEntry[] {
  try {
    return log.read({ ...range, maxUnits: pageUnits });
  } catch {
    return oneByOne(log, range);
  }
}

/** Stops, as a page does, once it is too long. */
function oneByOne(log: SqliteTranscriptLog, range: LogRange): ShownEntry[] {
  const shown: ShownEntry[] = [];
  let units = 0;
  for (const { seq, turn, type } of log.rows(range)) {
    if (units >= pageUnits) break;
    const entry = entryAt(log, seq);
    shown.push(entry ?? { seq, turn, type, broken: "This row cannot be shown: it is damaged." });
    units += entry === undefined ? 0 : JSON.stringify(entry).length;
  }
  return shown;
}

function entryAt(log: SqliteTranscriptLog, seq: number): Entry | undefined {
  try {
    return log.read({ after: seq - 1, limit: 1 })[0];
  } catch {
    return undefined;
  }
}

/** What a list of UI messages needs of a session beside its entries. */
export interface UiHistory {
  /** The list begins after this entry: with a whole turn. */
  afterSeq: number;
  lastSeq: number;
  /** Client's id of a message, by its turn. */
  names: { turn: string; id: string }[];
  queued: QueuedMessage[];
  /** `asks`: what children of the turn ask of a person. */
  open?: { turn: string; status: "running" | "waiting"; asks: WaitingCall[] };
}

/** A client sends the whole list back with each message, of at most 8 MB: no more than half of that is given, in UTF-16 units, and no more entries than this. */
const most = { units: 4_000_000, entries: 4_000 };
/** What of one entry is shown at most, about. */
const mostOfEntry = 110_000;

export function uiHistory({ log, inbox, turns }: { log: SqliteTranscriptLog; inbox: Inbox; turns: Turns }): UiHistory {
  const open = turns.open?.turn;
  const status = turns.isWaiting ? "waiting" : "running";
  return {
    afterSeq: beginning(log),
    lastSeq: log.lastSeq,
    names: namesOf(inbox),
    queued: inbox.queued(),
    ...(open !== undefined && { open: { turn: open, status, asks: turns.waitingFor.filter(({ child }) => child) } }),
  };
}

/** The entry before the oldest turn that fits; the newest turn always does. */
function beginning(log: SqliteTranscriptLog): number {
  let [units, entries, turn] = [0, 0, ""];
  let fits: number | undefined;
  for (const row of log.rowsBack()) {
    if (turn !== "" && row.turn !== turn) fits = row.seq;
    turn = row.turn;
    units += row.isSplit ? mostOfEntry : Math.min(row.units, mostOfEntry);
    entries++;
    if (fits !== undefined && (units > most.units || entries > most.entries)) return fits;
  }
  return 0;
}

/** Names are `ui:<id>:<fingerprint>`. An edited message keeps its id, which then is the newer one's alone: no two messages of a list have one id. */
function namesOf(inbox: Inbox): UiHistory["names"] {
  const byId = new Map<string, string>();
  for (const { name, turn } of inbox.namesLike("ui:")) byId.set(name.slice(3, name.lastIndexOf(":")), turn);
  return [...byId].map(([id, turn]) => ({ turn, id }));
}

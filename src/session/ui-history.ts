/** What a list of UI messages needs of a session beside its entries: where to begin, what waits, and the names that clients gave. */
import type { QueuedMessage } from "../wire/native.ts";
import type { SessionParts } from "./session-parts.ts";

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

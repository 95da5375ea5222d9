/** The append-only log of a session over SQLite. Gives entries their `seq` and reads them back, the newest from memory; decides nothing about them. */
import type { PartsReader } from "../../agent/history-feature.ts";
import type { Entry, NewEntry } from "../../core/entry.ts";
import type { Pause } from "../../http/pace.ts";
import { EntryTail, type LogRange, mostUnits as tailUnits } from "./entry-tail.ts";
import { beginningOf, closing, entryText, openText, rowsOf, type TextField, textPiece } from "./entry-text.ts";
import type { RowCopy } from "./row-copy.ts";

/** What the log of a session can do. `test/support/memory-log.ts` is the other one; both are held to one contract suite. */
export interface TranscriptLog {
  /** `seq` of the newest entry; 0 when there is none. */
  readonly lastSeq: number;
  /** The newest entry. */
  readonly last: Entry | undefined;
  /** Appends in order and returns the entries with their `seq`. Must run inside the caller's transaction. */
  append(entries: readonly NewEntry[]): Entry[];
  /** Entries after `after`, oldest first. */
  read(range: LogRange): Entry[];
  /** Reads entry `seq` part by part where it is stored so, for the `read` that follows. False when nothing of it is wanted any more, by `pause`. */
  readLong(seq: number, pause: Pause): Promise<boolean>;
  /** The same for callers that need only the beginnings of texts: long entries may be cut, and are not read whole. */
  readBeginnings(range: LogRange): Entry[];
  /** The newest entries of one type, newest first. */
  newest<T extends Entry["type"]>(type: T, limit: number): Extract<Entry, { type: T }>[];
  /** Whether a call with this id was answered: it was approved or denied, or has a result. */
  hasCall(callId: string): boolean;
  /** How many entries and UTF-8 bytes the log holds. */
  size(): { entries: number; bytes: number };
}

/** What a row says of its entry without the entry itself. `units`: UTF-16 units of its JSON, or of the first row where it has `isSplit` over several. */
export interface EntryRow {
  seq: number;
  turn: string;
  type: string;
  units: number;
  isSplit: boolean;
}

/** The entries after `after` up to `throughSeq`, page by page: what is read at once fits the memory. */
export function* scan(
  log: Pick<TranscriptLog, "read">,
  { after, throughSeq }: { after: number; throughSeq: number },
): Generator<Entry[]> {
  for (let seq = after; seq < throughSeq; ) {
    const limit = Math.min(scanned.limit, throughSeq - seq);
    const entries = log.read({ after: seq, limit, maxUnits: scanned.maxUnits });
    if (entries.length === 0) return;
    yield entries;
    seq = entries.at(-1)?.seq ?? throughSeq;
  }
}

const scanned = { limit: 64, maxUnits: 1_000_000 };

/** A text of an entry that goes on in so many parts. */
export interface StagedText {
  field: TextField;
  parts: number;
}

type LogRow = { seq: number; data: string; parts: number };

type StoredRow = { seq: number; turn: string; type: string; units: number; parts: number };

const selectRows = "SELECT seq, turn, type, length(data) AS units, parts FROM entries";

function entryRow({ parts, ...row }: StoredRow): EntryRow {
  return { ...row, isSplit: parts > 0 };
}

/** Of a longer row its beginning is read. */
const longestHead = { bytes: 16_000, chars: 6_000 };
/** `octet_length` is in the row's header: a long row is not read to learn that it is long, as `length` would. */
const selectHeads = `SELECT seq, parts, parts > 0 OR octet_length(data) > ${longestHead.bytes} AS isCut,
  CASE WHEN octet_length(data) > ${longestHead.bytes} THEN substr(data, 1, ${longestHead.chars}) ELSE data END AS data
  FROM entries WHERE seq > ? ORDER BY seq LIMIT ?`;

const insertEntry = "INSERT INTO entries (seq, turn, type, at, data, parts) VALUES (?, ?, ?, ?, ?, ?)";

const insertPart = "INSERT INTO entry_parts (seq, part, data) VALUES (?, ?, ?)";

/** UTF-16 units of entries in one answer, about: a page must fit the memory, and an RPC's 32 MiB. */
export const pageUnits = 4_000_000;

/** About how long it takes to read a part of an entry, in ms (`npm run bench -- health`). */
const partMs = 8;

/** Most UTF-16 units of a long entry that is kept: a message with its tools has no more. A longer one is kept for one `read`. */
const mostKept = 2_000_000;

export class SqliteTranscriptLog implements TranscriptLog, RowCopy {
  readonly #sql: SqlStorage;
  /** For entries in parts; without it they are read at once. */
  readParts?: PartsReader | undefined;
  #copy: { last: Entry | undefined; tail: EntryTail } | undefined;

  /** The long entry that was read last: it is asked for several times in a turn, and parsing a megabyte takes 10 ms. */
  #large: { entry: Entry; units: number } | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#copy = this.#readCopy();
  }

  get lastSeq(): number {
    return this.last?.seq ?? 0;
  }

  get last(): Entry | undefined {
    return this.#read.last;
  }

  forget(): void {
    this.#copy = undefined;
    this.#large = undefined;
  }

  append(entries: readonly NewEntry[]): Entry[] {
    const copy = this.#read;
    const first = this.lastSeq + 1;
    const placed = entries.map((entry, place): Entry => ({ ...entry, seq: first + place }));
    for (const entry of placed) {
      const text = this.#insert(entry);
      copy.tail.add(entry.seq, text);
      // What a client sent was JSON: it need not be parsed again.
      if (entry.type === "user") this.#keep(entry, text.length);
      // A megabyte of tools is a hundred thousand values in memory, and no one asks for them after their turn.
      if (entry.type === "turn_ended") this.#large = undefined;
      copy.last = copy.tail.read({ after: entry.seq - 1 })?.[0] ?? entry;
    }
    return placed;
  }

  /** Writes a piece of the next entry's text before the entry itself: without that no reader finds it. The caller removes what no entry followed. */
  stagePart(part: number, piece: string): void {
    this.#sql.exec(insertPart, this.lastSeq + 1, part, textPiece(piece));
  }

  /** Appends an entry whose text `field` goes on in so many parts, written before. `last` knows only the text's beginning. Must run inside the caller's transaction. */
  appendStaged(entry: NewEntry, { field, parts }: StagedText): void {
    const placed: Entry = { ...entry, seq: this.lastSeq + 1 };
    const { seq, turn, type, atMs } = placed;
    const [head = "", ...rest] = rowsOf(openText(placed, field));
    this.#sql.exec(insertEntry, seq, turn, type, atMs, head, rest.length + parts + 1);
    // They come before what was written first.
    rest.forEach((data, at) => this.#sql.exec(insertPart, seq, at - rest.length, data));
    this.#sql.exec(insertPart, seq, parts, closing);
    this.#copy = { last: placed, tail: new EntryTail(seq) };
  }

  read(range: LogRange): Entry[] {
    const large = this.#large;
    if (large?.entry.seq !== range.after + 1) return this.#read.tail.read(range) ?? this.#readRows(range);
    if (large.units > mostKept) this.#large = undefined;
    const { after, limit = Number.MAX_SAFE_INTEGER, maxUnits = Number.POSITIVE_INFINITY } = range;
    const rest = { ...range, after: after + 1, limit: limit - 1, maxUnits: maxUnits - large.units };
    return [large.entry, ...(rest.limit > 0 && rest.maxUnits > 0 ? this.read(rest) : [])];
  }

  async readLong(seq: number, pause: Pause): Promise<boolean> {
    const query = "SELECT seq, data, parts FROM entries WHERE seq = ? AND parts > 0";
    const [row] = this.#sql.exec<LogRow>(query, seq).toArray();
    if (row === undefined || this.readParts === undefined) return true;
    // Its time is reserved as a whole: of several that took turns, each would be in memory.
    if (!(await pause(row.parts * partMs))) return false;
    try {
      const read = await this.readParts(this.#rowsIn(row), pause);
      if (read !== undefined) this.#large = read;
      return read !== undefined;
    } catch (error) {
      // `read` says what is wrong with it.
      if (error instanceof SyntaxError) return true;
      throw error;
    }
  }

  readBeginnings(range: LogRange): Entry[] {
    const large = this.#large?.entry;
    if (large !== undefined && large.seq === range.after + 1 && range.limit === 1) return [large];
    return this.#read.tail.read(range) ?? this.#readHeads(range);
  }

  newest<T extends Entry["type"]>(type: T, limit: number): Extract<Entry, { type: T }>[] {
    return this.#read.tail.newest(type, limit) ?? this.#newestRows(type, limit);
  }

  get #read() {
    this.#copy ??= this.#readCopy();
    return this.#copy;
  }

  #readCopy() {
    const query = "SELECT seq, data, parts FROM entries ORDER BY seq DESC LIMIT 1";
    const [row] = this.#sql.exec<LogRow>(query).toArray();
    const last = row === undefined ? undefined : (JSON.parse(this.#whole(row)) as Entry);
    return { last, tail: new EntryTail(row?.seq ?? 0) };
  }

  #readRows({ after, limit = -1, maxUnits = Number.POSITIVE_INFINITY, noParts }: LogRange): Entry[] {
    const rows = this.#sql.exec<LogRow>(
      "SELECT seq, data, parts FROM entries WHERE seq > ? ORDER BY seq LIMIT ?",
      after,
      limit,
    );
    const entries: Entry[] = [];
    let units = 0;
    for (const row of rows) {
      if (noParts && row.parts > 0) break;
      const data = this.#whole(row);
      const entry = JSON.parse(data) as Entry;
      if (this.last?.type !== "turn_ended") this.#keep(entry, data.length);
      entries.push(entry);
      units += data.length;
      if (units >= maxUnits) break;
    }
    return entries;
  }

  #readHeads({ after, limit = -1, maxUnits = Number.POSITIVE_INFINITY }: LogRange): Entry[] {
    const entries: Entry[] = [];
    let units = 0;
    for (const row of this.#sql.exec<LogRow & { isCut: number }>(selectHeads, after, limit)) {
      const entry = row.isCut === 0 ? (JSON.parse(row.data) as Entry) : beginningOf(row.data);
      entries.push(...(entry ? [entry] : this.#readRows({ after: row.seq - 1, limit: 1 })));
      units += row.data.length;
      if (units >= maxUnits) break;
    }
    return entries;
  }

  #keep(entry: Entry, units: number): void {
    if (units > tailUnits && units <= mostKept) this.#large = { entry, units };
  }

  #newestRows<T extends Entry["type"]>(type: T, limit: number): Extract<Entry, { type: T }>[] {
    const rows = this.#sql.exec<LogRow>(
      "SELECT seq, data, parts FROM entries WHERE type = ? ORDER BY seq DESC LIMIT ?",
      type,
      limit,
    );
    return rows.toArray().map((row) => JSON.parse(this.#whole(row)) as Extract<Entry, { type: T }>);
  }

  /** The rows after `after`, oldest first: also those whose entries cannot be read. */
  rows({ after, limit = -1 }: Pick<LogRange, "after" | "limit">): EntryRow[] {
    const query = `${selectRows} WHERE seq > ? ORDER BY seq LIMIT ?`;
    return this.#sql.exec<StoredRow>(query, after, limit).toArray().map(entryRow);
  }

  /** All rows, newest first. */
  *rowsBack(): Generator<EntryRow> {
    for (const row of this.#sql.exec<StoredRow>(`${selectRows} ORDER BY seq DESC`)) yield entryRow(row);
  }

  hasCall(callId: string): boolean {
    // Only the beginning of a split row is here, and half a JSON text has no fields; the id is near its beginning.
    const named = `"callId":${JSON.stringify(callId)}`;
    const query = "SELECT 1 FROM entries WHERE type IN ('approval', 'tool') AND instr(data, ?) > 0 LIMIT 1";
    return this.#sql.exec(query, named).toArray().length > 0;
  }

  size(): { entries: number; bytes: number } {
    const { entries, bytes } = this.#sql
      .exec<{ entries: number; bytes: number }>(
        `SELECT count(*) AS entries,
           coalesce(sum(octet_length(data)), 0) + (SELECT coalesce(sum(octet_length(data)), 0) FROM entry_parts) AS bytes
         FROM entries`,
      )
      .one();
    return { entries, bytes };
  }

  /** Returns the entry's JSON. */
  #insert(entry: Entry): string {
    const { seq, turn, type, atMs } = entry;
    const text = entryText(entry);
    const [head = "", ...rest] = rowsOf(text);
    this.#sql.exec(insertEntry, seq, turn, type, atMs, head, rest.length);
    rest.forEach((data, part) => this.#sql.exec(insertPart, seq, part, data));
    return text;
  }

  /** The rows of an entry, each read when it is asked for. */
  *#rowsIn({ seq, data }: LogRow): Generator<string> {
    yield data;
    const query = "SELECT part, data FROM entry_parts WHERE seq = ? AND part > ? ORDER BY part LIMIT 1";
    const next = (part: number) => this.#sql.exec<{ part: number; data: string }>(query, seq, part).toArray()[0];
    for (let row = next(-Number.MAX_SAFE_INTEGER); row !== undefined; row = next(row.part)) yield row.data;
  }

  #whole({ seq, data, parts }: LogRow): string {
    if (parts === 0) return data;
    const rest = this.#sql.exec<{ data: string }>("SELECT data FROM entry_parts WHERE seq = ? ORDER BY part", seq);
    return (
      data +
      rest
        .toArray()
        .map((part) => part.data)
        .join("")
    );
  }
}

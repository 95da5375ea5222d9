/** Messages that were accepted: waiting ones and, as receipts for idempotency, those whose turn has begun. What waits or runs is read from memory. Never runs anything. */
import type { Reference } from "../../channels/channel.ts";
import type { TurnOptions } from "../../core/entry.ts";
import type { QueuedMessage } from "../../wire/native.ts";
import { SubmitRefused } from "../refusal.ts";
import { InboxCopy, type InboxRow, longestKept, type Stop } from "./inbox-copy.ts";
import type { RowCopy } from "./row-copy.ts";

/** What a person sent, as it waits for its turn. */
export interface InboxMessage {
  content: string;
  speaker?: string;
  metadata?: Record<string, string>;
  options: TurnOptions;
  /** What its channel reads before its turn begins; gone once it was read. */
  reference?: Reference;
  /** The question of the turn before, which had no answer. */
  again?: true;
  traceparent?: string;
  tracestate?: string;
}

/** What distinguishes a repeated message from a new one: the sender's key and a digest of what came with it. `isRetry`: its sender says that it sends it once more. `isDerived`: the key is made from the request itself. */
export interface Receipt {
  key?: string;
  bodyHash?: string;
  isRetry?: boolean;
  isDerived?: boolean;
}

/** A message in the inbox. It is in the transcript once it has a `firstSeq`. */
export interface AcceptedMessage {
  /** The turn it begins, or the one it joins. */
  turn: string;
  /** Read when it is first used, from its row where it `isLong`: that takes some ms. */
  readonly message: InboxMessage;
  isLong: boolean;
  firstSeq: number | undefined;
  stop: Stop | undefined;
  bodyHash: string | undefined;
  /** When it was accepted, in ms since 1970. */
  atMs: number;
}

/** The message that began the turn which is open. */
export type RunningTurn = AcceptedMessage & { firstSeq: number };

/** How a message comes in. At most one of these is given. */
export interface Arrival {
  /** Where its turn begins, when it begins at once. */
  firstSeq?: number;
  /** The open turn it becomes part of. */
  joins?: string;
  /** Its turn goes before all that wait. */
  interrupts?: boolean;
}

type StoredInbox = {
  id: number;
  message: string | null;
  first_seq: number | null;
  joins: number | null;
  interrupts: number;
  stop: Stop | null;
  body_hash: string | null;
  created_at: number;
};

type QueuedRow = {
  id: number;
  joins: number | null;
  created_at: number;
  content: string;
  chars: number;
  speaker: string | null;
  metadata: string | null;
};

/** Characters of a waiting message that are shown: 100 messages may wait, of up to 1.9 MB each. */
const shownChars = 16_000;

/** Long messages stay in their rows. */
const columns = `id, CASE WHEN length(message) <= ${longestKept} THEN message END AS message,
  first_seq, joins, interrupts, stop, body_hash, created_at`;

export class Inbox implements RowCopy {
  readonly #sql: SqlStorage;
  #copy: InboxCopy | undefined;
  /** The number of the turn that was accepted last; null when there is none, `undefined` until it was looked for. */
  #newestId: number | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  startEmpty(): void {
    this.#copy = new InboxCopy(0);
    this.#newestId = null;
  }

  forget(): void {
    this.#copy = undefined;
    this.#newestId = undefined;
  }

  /** Takes a message in and names its turn. Turns are numbered in the order in which their messages came. */
  add(message: InboxMessage, of: Receipt & Arrival & { atMs: number }): string {
    const copy = this.#read;
    const text = rowOf(message);
    const joins = of.joins === undefined ? undefined : idOf(of.joins);
    const { interrupts = false, firstSeq, bodyHash, atMs } = of;
    const { id } = this.#sql
      .exec<{ id: number }>(
        `INSERT INTO inbox (message, idempotency_key, body_hash, first_seq, joins, interrupts, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
        text,
        of.key ?? null,
        of.bodyHash ?? null,
        of.firstSeq ?? null,
        joins ?? null,
        Number(interrupts),
        of.atMs,
      )
      .one();
    copy.set({ id, text: kept(text), joins, interrupts, firstSeq, stop: undefined, bodyHash, atMs });
    if (joins === undefined) this.#newestId = id;
    return of.joins ?? turnOf(id);
  }

  /** The turn of the message that came with one of these names before. */
  claimed(names: readonly string[]): string | undefined {
    for (const name of names) {
      const [row] = this.#sql.exec<{ turn: string }>("SELECT turn FROM claims WHERE name = ?", name).toArray();
      if (row !== undefined) return row.turn;
    }
    return undefined;
  }

  /** All names that begin with `prefix`. */
  claimedNames(prefix: string): Set<string> {
    const query = "SELECT name FROM claims WHERE substr(name, 1, ?) = ?";
    const rows = this.#sql.exec<{ name: string }>(query, prefix.length, prefix).toArray();
    return new Set(rows.map(({ name }) => name));
  }

  /** From now on these are names of the turn's message. */
  claim(names: readonly string[], turn: string): void {
    for (const name of names) this.#sql.exec("INSERT OR IGNORE INTO claims (name, turn) VALUES (?, ?)", name, turn);
  }

  /** From now on this is a name of that turn's message alone. */
  moveClaim(name: string, turn: string): void {
    this.#sql.exec(
      "INSERT INTO claims (name, turn) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET turn = excluded.turn",
      name,
      turn,
    );
  }

  /** Remembers where a turn goes on after the answers that came with this receipt; nothing without a key. */
  keepReceipt({ key, bodyHash }: Receipt, place: { turn: string; afterSeq: number }): void {
    if (key !== undefined) this.claim([`receipt:${key}`], JSON.stringify({ ...place, bodyHash }));
  }

  /** What came with this key before: the turn it began or joined, or the place after the answers that it gave. */
  byReceipt(key: string): { turn: string; afterSeq?: number; bodyHash?: string | undefined } | undefined {
    const message = this.byKey(key);
    if (message !== undefined) return { turn: message.turn, bodyHash: message.bodyHash };
    const answers = this.claimed([`receipt:${key}`]);
    return answers === undefined ? undefined : (JSON.parse(answers) as { turn: string; afterSeq: number });
  }

  /** Texts of the messages that joined this turn, or wait to. */
  joined(turn: string): string[] {
    const rows = this.#sql.exec<{ message: string }>("SELECT message FROM inbox WHERE joins = ?", idOf(turn)).toArray();
    return rows.map(({ message }) => (JSON.parse(message) as InboxMessage).content);
  }

  /** Takes up a turn that began elsewhere, so that later turns get later numbers. Its messages are in the log alone; `options` are for a turn that goes on here. */
  restore(turn: string, of: { firstSeq: number; atMs: number; options?: TurnOptions }): void {
    const copy = this.#read;
    const text = JSON.stringify({ content: "", options: of.options ?? {} } satisfies InboxMessage);
    const id = idOf(turn);
    const { firstSeq, atMs } = of;
    const query = "INSERT INTO inbox (id, message, first_seq, created_at) VALUES (?, ?, ?, ?)";
    this.#sql.exec(query, id, text, firstSeq, atMs);
    const none = { joins: undefined, interrupts: false, stop: undefined, bodyHash: undefined };
    copy.set({ id, text: kept(text), firstSeq, atMs, ...none });
    this.#newestId = undefined;
  }

  byKey(key: string): AcceptedMessage | undefined {
    const query = "SELECT id FROM inbox WHERE idempotency_key = ?";
    const [row] = this.#sql.exec<{ id: number }>(query, key).toArray();
    return row && this.byTurn(turnOf(row.id));
  }

  byTurn(turn: string): AcceptedMessage | undefined {
    const row = this.#row(idOf(turn));
    return row && this.#messageIn(row);
  }

  /** The highest number that a message was given; 0 before the first. */
  get lastId(): number {
    return this.#read.lastId;
  }

  /** The turn that was accepted last. */
  get newestTurn(): string | undefined {
    if (this.#newestId === undefined) {
      const query = "SELECT id FROM inbox WHERE joins IS NULL ORDER BY id DESC LIMIT 1";
      this.#newestId = this.#sql.exec<{ id: number }>(query).toArray()[0]?.id ?? null;
    }
    return this.#newestId === null ? undefined : turnOf(this.#newestId);
  }

  /** The message is now what was read in its place. */
  replace(turn: string, message: InboxMessage): void {
    const row = this.#row(idOf(turn));
    if (row !== undefined && row.firstSeq === undefined) this.#write(row, JSON.stringify(message));
  }

  /** From its next step on the turn has these options. */
  changeOptions(turn: string, options: TurnOptions): void {
    const row = this.#row(idOf(turn));
    if (row !== undefined) this.#write(row, rowOf({ ...this.#messageOf(row), options }));
  }

  /** The message whose turn is next. */
  next(): AcceptedMessage | undefined {
    const own = this.#read.waiting.filter(({ joins }) => joins === undefined);
    const row = own.find(({ interrupts }) => interrupts) ?? own[0];
    return row && this.#messageIn(row);
  }

  /** How many messages wait, for a turn of their own or to join one. */
  get waiting(): number {
    return this.#read.waiting.length;
  }

  /** What waits to begin a turn or to join one, in the order in which it came; of long messages the beginning. What was stopped is left out. */
  queued(): QueuedMessage[] {
    if (this.waiting === 0) return [];
    const of = (field: string) => `json_extract(message, '$.${field}')`;
    const rows = this.#sql.exec<QueuedRow>(
      `SELECT id, joins, created_at, substr(${of("content")}, 1, ?) AS content, length(${of("content")}) AS chars,
         ${of("speaker")} AS speaker, ${of("metadata")} AS metadata
       FROM inbox WHERE first_seq IS NULL AND stop IS NULL ORDER BY id`,
      shownChars,
    );
    return rows.toArray().map(({ id, joins, created_at, content, chars, speaker, metadata }) => ({
      id,
      turn: turnOf(joins ?? id),
      joins: joins !== null,
      content: content.toWellFormed(),
      isCut: chars > shownChars,
      ...(speaker !== null && { speaker }),
      ...(metadata !== null && { metadata: JSON.parse(metadata) as Record<string, string> }),
      atMs: created_at,
    }));
  }

  /** The names that begin with `prefix`, and the turns of their messages, oldest first. */
  namesLike(prefix: string): { name: string; turn: string }[] {
    const query =
      "SELECT name, turn FROM claims WHERE name >= ? AND name < ? ORDER BY CAST(substr(turn, 6) AS INTEGER)";
    return this.#sql.exec<{ name: string; turn: string }>(query, prefix, `${prefix}\u{10ffff}`).toArray();
  }

  /** Whether a message waits to join this turn. */
  isJoined(turn: string): boolean {
    const id = idOf(turn);
    return this.#read.waiting.some(({ joins }) => joins === id);
  }

  /** Takes out the messages that wait to join this turn, oldest first; the first of them gets `firstSeq`, and so on. */
  takeJoining(turn: string, firstSeq: number): InboxMessage[] {
    const turnId = idOf(turn);
    const rows = this.#read.waiting.filter(({ joins }) => joins === turnId);
    const messages = rows.map((row) => this.#messageOf(row));
    rows.forEach(({ id }, place) => this.begin(turnOf(id), firstSeq + place));
    return messages;
  }

  begin(turn: string, firstSeq: number): void {
    const row = this.#row(idOf(turn));
    if (row === undefined) return;
    this.#sql.exec("UPDATE inbox SET first_seq = ? WHERE id = ?", firstSeq, row.id);
    this.#read.set({ ...row, firstSeq });
  }

  /** The first reason given stays. */
  stop(turn: string, why: Stop): void {
    const row = this.#row(idOf(turn));
    if (row === undefined || row.stop !== undefined) return;
    this.#sql.exec("UPDATE inbox SET stop = ? WHERE id = ?", why, row.id);
    this.#read.set({ ...row, stop: why });
  }

  /** Every turn that waits to begin is to end. */
  stopWaiting(why: Stop): void {
    this.#sql.exec("UPDATE inbox SET stop = ? WHERE first_seq IS NULL AND joins IS NULL AND stop IS NULL", why);
    for (const row of this.#read.waiting) {
      if (row.joins === undefined && row.stop === undefined) this.#read.set({ ...row, stop: why });
    }
  }

  get #read(): InboxCopy {
    this.#copy ??= this.#readCopy();
    return this.#copy;
  }

  #readCopy(): InboxCopy {
    const newest = this.#sql.exec<StoredInbox>(`SELECT ${columns} FROM inbox ORDER BY id DESC LIMIT 1`).toArray();
    const copy = new InboxCopy(newest[0]?.id ?? 0);
    for (const row of this.#sql.exec<StoredInbox>(`SELECT ${columns} FROM inbox WHERE first_seq IS NULL ORDER BY id`)) {
      copy.set(inboxRow(row));
    }
    for (const row of newest) copy.set(inboxRow(row));
    return copy;
  }

  #row(id: number): InboxRow | undefined {
    const copy = this.#read;
    const known = copy.get(id);
    if (known !== undefined || id < 1 || id > copy.lastId) return known;
    const [row] = this.#sql.exec<StoredInbox>(`SELECT ${columns} FROM inbox WHERE id = ?`, id).toArray();
    if (row === undefined) return undefined;
    const read = inboxRow(row);
    copy.set(read);
    return read;
  }

  #write(row: InboxRow, text: string): void {
    this.#sql.exec("UPDATE inbox SET message = ? WHERE id = ?", text, row.id);
    this.#read.set({ ...row, text: kept(text) });
  }

  #messageOf({ id, text }: InboxRow): InboxMessage {
    const query = "SELECT message FROM inbox WHERE id = ?";
    return JSON.parse(text ?? this.#sql.exec<{ message: string }>(query, id).one().message) as InboxMessage;
  }

  #messageIn(row: InboxRow): AcceptedMessage {
    const messageOf = () => this.#messageOf(row);
    const { id, text, joins, firstSeq, stop, bodyHash, atMs } = row;
    return {
      turn: turnOf(joins ?? id),
      get message() {
        return messageOf();
      },
      isLong: text === undefined,
      firstSeq,
      stop,
      bodyHash,
      atMs,
    };
  }
}

function inboxRow(row: StoredInbox): InboxRow {
  return {
    id: row.id,
    text: row.message ?? undefined,
    joins: row.joins ?? undefined,
    interrupts: row.interrupts !== 0,
    firstSeq: row.first_seq ?? undefined,
    stop: row.stop ?? undefined,
    bodyHash: row.body_hash ?? undefined,
    atMs: row.created_at,
  };
}

/** What is kept in memory of a message. */
function kept(text: string): string | undefined {
  return text.length <= longestKept ? text : undefined;
}

/** Most bytes of a message with its options: Durable Objects refuse rows over 2 MB (developers.cloudflare.com/durable-objects/platform/limits). */
const mostBytes = 1_900_000;

/** Refuses what would not fit a row. */
function rowOf(message: InboxMessage): string {
  const text = JSON.stringify(message);
  // A UTF-16 unit is at most 3 bytes of UTF-8: most messages need not be counted.
  const bytes = text.length * 3 <= mostBytes ? 0 : new TextEncoder().encode(text).length;
  if (bytes <= mostBytes) return text;
  throw new SubmitRefused({ code: "message_too_large", bytes, mostBytes });
}

function turnOf(id: number): string {
  return `turn_${id}`;
}

/** 0, which no message has, for what is no turn's name. */
function idOf(turn: string): number {
  return Number(/^turn_(\d{1,16})$/.exec(turn)?.[1] ?? 0);
}

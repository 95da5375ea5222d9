/** The rows in which the older part of the model's window is kept as it is sent, so that a start reads text instead of parsing thousands of entries. A copy of entries and no more: without these rows the log is read. */

/** A run of entries, encoded. It ends with a turn. */
export interface StoredBlock {
  /** The entries after this one, up to `throughSeq`. */
  afterSeq: number;
  throughSeq: number;
  /** JSON of what is known of its messages. */
  state: string;
  /** The messages, one on each line. */
  messages: string;
}

/** Most UTF-16 units of messages in one row, for the reason that `transcript-log.ts` gives. */
const unitsPerRow = 600_000;

/** The row of this number holds no messages: it names a spelling that the newest turn wanted, and the blocks do not have. */
const wantedRow = 0;

/** What there is. */
export interface KeptBlocks {
  /** By what name they were written; `undefined` without any. */
  spelling: string | undefined;
  /** The other one that the newest turn wanted. */
  wanted: string | undefined;
  /** Where each ends, by the entry that it begins after. */
  ends: Map<number, number>;
}

export class WindowBlocks {
  readonly #sql: SqlStorage;
  /** None was ever written. */
  #isEmpty: boolean;

  /** `isNew`: the tables were made just now, and hold nothing. */
  constructor(sql: SqlStorage, { isNew = false } = {}) {
    this.#sql = sql;
    this.#isEmpty = isNew;
  }

  look(): KeptBlocks {
    const query = "SELECT through_seq, after_seq, spelling FROM window_blocks WHERE piece = 0";
    const found: KeptBlocks = { spelling: undefined, wanted: undefined, ends: new Map() };
    if (this.#isEmpty) return found;
    for (const { through_seq, after_seq, spelling } of this.#sql.exec<BlockHead>(query)) {
      if (through_seq === wantedRow) found.wanted = spelling;
      else found.spelling = spelling;
      if (through_seq !== wantedRow) found.ends.set(after_seq, through_seq);
    }
    return found;
  }

  read(throughSeq: number): StoredBlock | undefined {
    const query = "SELECT after_seq, state, messages FROM window_blocks WHERE through_seq = ? ORDER BY piece";
    const rows = this.#sql.exec<{ after_seq: number; state: string; messages: string }>(query, throughSeq).toArray();
    const [first] = rows;
    if (first === undefined) return undefined;
    const messages = rows.length === 1 ? first.messages : rows.map((row) => row.messages).join("");
    return { afterSeq: first.after_seq, throughSeq, state: first.state, messages };
  }

  add(spelling: string, { afterSeq, throughSeq, state, messages }: StoredBlock): void {
    this.#isEmpty = false;
    for (let piece = 0; piece === 0 || piece * unitsPerRow < messages.length; piece++) {
      this.#sql.exec(
        "INSERT INTO window_blocks (through_seq, piece, after_seq, spelling, state, messages) VALUES (?, ?, ?, ?, ?, ?)",
        throughSeq,
        piece,
        afterSeq,
        spelling,
        piece === 0 ? state : "",
        messages.slice(piece * unitsPerRow, (piece + 1) * unitsPerRow),
      );
    }
  }

  /** Notes what the newest turn wanted; `undefined`: what there is. */
  want(spelling: string | undefined): void {
    this.#sql.exec("DELETE FROM window_blocks WHERE through_seq = ?", wantedRow);
    if (spelling !== undefined) this.add(spelling, { afterSeq: 0, throughSeq: wantedRow, state: "", messages: "" });
  }

  /** Takes away the blocks after this entry; -1: all there is. */
  drop(afterSeq = -1): void {
    if (this.#isEmpty) return;
    this.#sql.exec("DELETE FROM window_blocks WHERE after_seq >= ?", afterSeq);
  }
}

type BlockHead = { through_seq: number; after_seq: number; spelling: string };

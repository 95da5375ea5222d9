/** Takes unconfirmed commits off a SQLite write-ahead log, as a machine that is lost takes them with it. Format: sqlite.org/fileformat2.html#the_write_ahead_log */

const headerBytes = 32;
const frameHeaderBytes = 24;
const markText = Buffer.from("shim-n=");

export interface Cut {
  /** Length of what stays of the log, in bytes. */
  keepBytes: number;
  /** How many commits go. */
  dropped: number;
}

/**
 * Where to cut a log so that only safe commits stay. `database`: the file the log belongs to; `confirmed`: the newest
 * write that is known to be safe. A commit may hold several writes; one of them confirmed keeps it whole.
 */
export function cutWal(wal: Buffer, database: Buffer, confirmed: number): Cut {
  let before = newestMark(database);
  let keepBytes = Math.min(headerBytes, wal.length);
  let dropped = 0;
  let mark = before;
  for (const { page, isCommit, end } of frames(wal)) {
    mark = Math.max(mark, newestMark(page));
    if (!isCommit) continue;
    // Nothing marked is new in it, or something in it is confirmed.
    if (dropped === 0 && (mark === before || before < confirmed)) keepBytes = end;
    else dropped++;
    before = mark;
  }
  return { keepBytes: dropped === 0 ? wal.length : keepBytes, dropped };
}

interface Frame {
  page: Buffer;
  isCommit: boolean;
  /** Offset behind it. */
  end: number;
}

/** The frames of the log's present run; what lies behind them is left over from an earlier one. */
function* frames(wal: Buffer): Generator<Frame> {
  if (wal.length < headerBytes) return;
  const pageBytes = wal.readUInt32BE(8);
  const salts = wal.subarray(16, 24);
  for (let at = headerBytes; at + frameHeaderBytes + pageBytes <= wal.length; ) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) return;
    const end = at + frameHeaderBytes + pageBytes;
    yield { page: wal.subarray(at + frameHeaderBytes, end), isCommit: wal.readUInt32BE(at + 4) !== 0, end };
    at = end;
  }
}

/** The highest mark in the bytes: SQLite leaves older ones in a page's free space. */
function newestMark(bytes: Buffer): number {
  let newest = 0;
  for (let at = bytes.indexOf(markText); at >= 0; at = bytes.indexOf(markText, at + 1)) {
    const digits = /^\d{13}(?=;)/.exec(bytes.toString("latin1", at + markText.length, at + markText.length + 14));
    if (digits !== null) newest = Math.max(newest, Number(digits[0]));
  }
  return newest;
}

/** The account's registered prefixes: where they are kept for good. Texts are split over rows. */

export interface PrefixInfo {
  id: string;
  bytes: number;
  tokens: number;
  createdAtMs: number;
}

/** UTF-16 units of a row; at most 1.8 MB of UTF-8. */
const unitsPerRow = 600_000;

type PrefixRow = { id: string; bytes: number; tokens: number; created_at: number };

export class PrefixStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps a text under its name; false when it was there already. The caller holds the transaction. */
  put({ id, bytes, tokens, createdAtMs }: PrefixInfo, text: string): boolean {
    if (this.info(id) !== undefined) return false;
    this.#sql.exec(
      "INSERT INTO prefixes (id, bytes, tokens, created_at) VALUES (?, ?, ?, ?)",
      id,
      bytes,
      tokens,
      createdAtMs,
    );
    for (let from = 0, part = 0; from < text.length; part++) {
      let to = Math.min(from + unitsPerRow, text.length);
      // Not between the halves of a surrogate pair: SQLite would store each half as U+FFFD.
      if (to < text.length && /[\ud800-\udbff]/.test(text[to - 1] ?? "")) to--;
      this.#sql.exec("INSERT INTO prefix_parts (id, part, data) VALUES (?, ?, ?)", id, part, text.slice(from, to));
      from = to;
    }
    return true;
  }

  info(id: string): PrefixInfo | undefined {
    const [row] = this.#sql
      .exec<PrefixRow>("SELECT id, bytes, tokens, created_at FROM prefixes WHERE id = ?", id)
      .toArray();
    return row && infoOf(row);
  }

  /** The oldest first. */
  list(): PrefixInfo[] {
    const rows = this.#sql.exec<PrefixRow>(
      "SELECT id, bytes, tokens, created_at FROM prefixes ORDER BY created_at, id",
    );
    return rows.toArray().map(infoOf);
  }

  read(id: string): string | undefined {
    if (this.info(id) === undefined) return undefined;
    const rows = this.#sql.exec<{ data: string }>("SELECT data FROM prefix_parts WHERE id = ? ORDER BY part", id);
    return rows
      .toArray()
      .map(({ data }) => data)
      .join("");
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM prefix_parts WHERE id = ?", id);
    this.#sql.exec("DELETE FROM prefixes WHERE id = ?", id);
  }
}

export interface PrefixContent {
  instructions?: string | undefined;
  documents?: { title: string; text: string }[] | undefined;
}

/** Instructions and documents as one text, written the same way every time: it is in the head of requests, and is named by its digest. */
export function prefixText({ instructions = "", documents = [] }: PrefixContent): string {
  const parts = documents.map(({ title, text }) => `<document title=${JSON.stringify(title)}>\n${text}\n</document>`);
  return [...(instructions === "" ? [] : [instructions]), ...parts].join("\n\n");
}

function infoOf(row: PrefixRow): PrefixInfo {
  return { id: row.id, bytes: row.bytes, tokens: row.tokens, createdAtMs: row.created_at };
}

/** Full-text search over a session. Entries are indexed when someone searches, not when they are written: most sessions are never searched. */
import type { Entry } from "../core/entry.ts";
import type { TranscriptHit } from "../tools/tool.ts";
import type { TranscriptLog } from "./transcript-log.ts";

/** Entries read and indexed in one go. */
const batch = 200;

export class TranscriptSearch {
  readonly #storage: DurableObjectStorage;
  readonly #log: TranscriptLog;

  constructor(storage: DurableObjectStorage, log: TranscriptLog) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Best matches first (bm25) among the entries before `beforeSeq`. Any word of the query may match. */
  find(query: string, { limit, beforeSeq }: { limit: number; beforeSeq: number }): TranscriptHit[] {
    const match = matchAny(query);
    if (match === undefined) return [];
    this.#catchUp();
    const hits = this.#storage.sql.exec<{ seq: number; role: string; snippet: string; at: number }>(
      `SELECT search.rowid AS seq, role, snippet(search, 0, '', '', '…', 40) AS snippet, at
       FROM search JOIN entries ON entries.seq = search.rowid
       WHERE search MATCH ? AND search.rowid < ? ORDER BY bm25(search) LIMIT ?`,
      match,
      beforeSeq,
      limit,
    );
    return hits.toArray().map(({ at, ...hit }) => ({ ...hit, at: new Date(at).toISOString() }));
  }

  #catchUp(): void {
    const { sql } = this.#storage;
    let { done } = sql.exec<{ done: number }>("SELECT searchable_seq AS done FROM session").one();
    while (done < this.#log.lastSeq) {
      const entries = this.#log.read({ after: done, limit: batch });
      done = entries.at(-1)?.seq ?? this.#log.lastSeq;
      this.#storage.transactionSync(() => {
        for (const entry of entries) this.#index(entry);
        sql.exec("UPDATE session SET searchable_seq = ?", done);
      });
    }
  }

  #index(entry: Entry): void {
    if (entry.type !== "user" && entry.type !== "assistant" && entry.type !== "tool") return;
    if (entry.content === "") return;
    this.#storage.sql.exec(
      "INSERT INTO search (rowid, content, role) VALUES (?, ?, ?)",
      entry.seq,
      entry.content,
      entry.type,
    );
  }
}

/** An FTS5 expression that any of the words satisfies. Each is quoted: a person's words are never operators. */
function matchAny(query: string): string | undefined {
  const words = query.normalize("NFC").match(/[\p{L}\p{N}]+/gu);
  return words
    ?.slice(0, 32)
    .map((word) => `"${word}"`)
    .join(" OR ");
}

/** Full-text search over a session. Entries are indexed when they leave the model's window or when someone searches, not when they are written: most sessions need neither. */
import type { Entry } from "../../core/entry.ts";
import { anyOf, readable, searchable } from "../../core/search-words.ts";
import { pace } from "../../http/pace.ts";
import type { TranscriptHit } from "../../tools/tool.ts";
import type { TranscriptLog } from "./transcript-log.ts";

/** What is read and indexed in one go: so many entries, or so many UTF-16 units of them. */
const batch = 200;
const batchUnits = 125_000;
/** About how long that takes, in ms (`npm run bench -- health`). */
const batchMs = 4;

/** Of a longer text only the beginning can be found: a row of the index must fit, too. */
const longestIndexed = 200_000;

export class TranscriptSearch {
  readonly #storage: DurableObjectStorage;
  readonly #log: TranscriptLog;

  constructor(storage: DurableObjectStorage, log: TranscriptLog) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Best matches first (bm25) among the entries before `beforeSeq`. Any word of the query may match. */
  async find(query: string, { limit, beforeSeq }: { limit: number; beforeSeq: number }): Promise<TranscriptHit[]> {
    const match = anyOf(query);
    if (match === undefined) return [];
    while (this.indexSome(this.#log.lastSeq)) await pace(batchMs);
    const hits = this.#storage.sql.exec<{ seq: number; role: TranscriptHit["role"]; snippet: string; at: number }>(
      `SELECT search.rowid AS seq, role, snippet(search, 0, '', '', '…', 40) AS snippet, at
       FROM search JOIN entries ON entries.seq = search.rowid
       WHERE search MATCH ? AND search.rowid < ? ORDER BY bm25(search) LIMIT ?`,
      match,
      beforeSeq,
      limit,
    );
    return hits.toArray().map(({ at, snippet, ...hit }) => {
      return { ...hit, snippet: readable(snippet), at: new Date(at).toISOString() };
    });
  }

  /** Makes some more entries up to `seq` searchable, about a hundred kilobytes; false when all of them are. */
  indexSome(seq: number): boolean {
    const { sql } = this.#storage;
    const { done } = sql.exec<{ done: number }>("SELECT searchable_seq AS done FROM session").one();
    if (done >= seq) return false;
    const entries = this.#log.read({ after: done, limit: batch, maxUnits: batchUnits });
    this.#storage.transactionSync(() => {
      for (const entry of entries) this.#index(entry);
      sql.exec("UPDATE session SET searchable_seq = ?", entries.at(-1)?.seq ?? seq);
    });
    return true;
  }

  #index(entry: Entry): void {
    if (entry.type !== "user" && entry.type !== "assistant" && entry.type !== "tool") return;
    if (entry.content === "") return;
    this.#storage.sql.exec(
      "INSERT INTO search (rowid, content, role) VALUES (?, ?, ?)",
      entry.seq,
      searchable(entry.content.slice(0, longestIndexed)),
      entry.type,
    );
  }
}

/** WHAT copies of a conversation at clients are to a session: what doors bring whose clients send the whole of it with each message. An app without such a door carries none of the code. */
import type { Entry } from "../core/entry.ts";
import type { Comparison } from "../core/reconcile.ts";
import type { Pause } from "../http/pace.ts";

/** A history as a client sends it, by the digests of its items. `results`: of its last calls, which may be known already. */
export interface SentHistory {
  before: readonly string[];
  results: readonly string[];
}

/** The transcript as clients keep copies of it. */
export interface SessionHistory {
  /** Reads a long transcript page by page for a comparison with `history`; other work is done between the pages. */
  readAhead(history: Pick<SentHistory, "before">): Promise<void>;
  /** Whether the transcript ends with this history. Results that come a second time may have been answered by then. */
  compare(history: SentHistory): Comparison;
}

/** The log of a session, of which each entry is read once. */
export interface HistoryLog {
  readonly lastSeq: number;
  /** `noParts`: ends before an entry that is stored in parts, unless that is in memory. */
  read(range: { after: number; limit: number; maxUnits?: number; noParts?: boolean }): Entry[];
  /** Brings an entry in parts into memory, for the `read` that follows. False when it is not wanted any more, by `pause`. */
  readLong(seq: number, pause: Pause): Promise<boolean>;
}

/** The entry whose JSON is in `rows`, read part by part, and its length in UTF-16 units; `undefined` when it is not wanted any more, by `pause`. Throws a SyntaxError for rows that are no JSON. */
export type PartsReader = (
  rows: Iterable<string>,
  pause: Pause,
) => Promise<{ entry: Entry; units: number } | undefined>;

export interface HistoryFeature {
  /** Histories have texts of megabytes, which are stored in parts. */
  readParts: PartsReader;
  /** `isGone`: whether the session was erased meanwhile. */
  session(log: HistoryLog, isGone: () => boolean): SessionHistory;
}

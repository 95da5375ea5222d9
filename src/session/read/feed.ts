/** Gives readers what happened: from the log what is recorded, from the draft what is still arriving. Keeps nothing per reader: a reader is a cursor, so a slow one costs no memory. */
import type { Draft } from "../../core/assemble.ts";
import type { Cursor } from "../../core/cursor.ts";
import { eventsOfDraft, eventsOfEntry, isSilent, type PlacedEvent } from "../../core/event.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import { ToolProgress } from "./tool-progress.ts";

/** What is read in one go bounds what a replay holds in memory: so many entries, or so many UTF-16 units of them. */
const page = 32;
const pageUnits = 256 * 1024;

/** Events, and the cursor after them. Readers share it, and none changes it. */
interface FeedRead {
  events: PlacedEvent[];
  cursor: Cursor;
}

/** Grows with each part of a draft that readers may see. */
function unitsOf({ reasoning, text }: Draft): number {
  return reasoning.length + text.length;
}

export class Feed {
  /** Of the calls that run now. */
  readonly progress = new ToolProgress(() => this.#notify());
  readonly #log: TranscriptLog;
  #confirmed: number;
  #draft: Draft | undefined;
  /** What the draft's newest part was for a reader at one place: readers that follow it are all at the same one. */
  #newest: { draft: Draft; from: Cursor["into"]; units: number; read: FeedRead } | undefined;
  readonly #readers = new Set<() => void>();
  #closed = false;

  constructor(log: TranscriptLog) {
    this.#log = log;
    this.#confirmed = log.lastSeq;
  }

  /** Newest entry that may be shown: its row is known to be safe on disk. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** The session was erased: nothing will come any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The reply that is still arriving. */
  get draft(): Draft | undefined {
    return this.#draft;
  }

  close(): void {
    this.#closed = true;
    this.#notify();
  }

  /** Something that is no entry has changed. */
  changed(): void {
    this.#notify();
  }

  /** A reply has begun or grown. */
  show(draft: Draft): void {
    this.#draft = draft;
    this.#notify();
  }

  /** The log is safe up to `seq`. */
  confirm(seq: number): void {
    this.#confirmed = Math.max(this.#confirmed, seq);
    if (this.#draft !== undefined && this.#draft.of.seq <= seq) {
      this.#draft = undefined;
      this.#newest = undefined;
    }
    this.#notify();
  }

  /** The next events after `cursor`, and the cursor after them; none when the reader is at the tail. */
  read(cursor: Cursor): FeedRead {
    if (cursor.done < this.#confirmed) {
      const limit = Math.min(page, this.#confirmed - cursor.done);
      const entries = this.#log.read({ after: cursor.done, limit, maxUnits: pageUnits });
      let { into } = cursor;
      const events = entries.flatMap((entry) => {
        const made = eventsOfEntry(entry, into);
        if (!isSilent(entry)) into = undefined;
        return made;
      });
      return { events, cursor: { done: cursor.done + entries.length, ...(into && { into }) } };
    }
    const draft = this.#draft;
    if (draft === undefined || draft.of.seq !== cursor.done + 1) return { events: [], cursor };
    const last = this.#newest;
    if (last !== undefined && last.draft === draft && last.from === cursor.into && last.units === unitsOf(draft)) {
      return last.read;
    }
    const events = eventsOfDraft(draft, cursor.into);
    const newest = events.at(-1);
    // For a reader that has everything nothing is kept: what is kept is for those who still read the newest part.
    if (newest === undefined) return { events, cursor };
    const read = { events, cursor: newest.cursor };
    this.#newest = { draft, from: cursor.into, units: unitsOf(draft), read };
    return read;
  }

  /** Calls `wake` at every change from now on, until the returned function is called. */
  subscribe(wake: () => void): () => void {
    this.#readers.add(wake);
    return () => void this.#readers.delete(wake);
  }

  #notify(): void {
    for (const wake of this.#readers) wake();
  }
}

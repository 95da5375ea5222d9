/** Messages that were sent from this page and are not in the transcript yet. Pure. */
import type { PageEntry, PageSession } from "../shell/shapes.ts";

export interface Pending {
  /** Its Idempotency-Key. */
  key: string;
  content: string;
  /** The newest entry when it was sent. */
  afterSeq: number;
  state: "sending" | "waiting" | "refused";
  /** Why it was not taken, or not yet. */
  detail?: string;
  /** The turn that it was given. */
  turn?: string;
  /** The entry that it has become. */
  seq?: number;
}

/** Marks those that have become an entry; each entry counts for one message. */
export function claimed(pending: readonly Pending[], entries: readonly PageEntry[]): Pending[] {
  const taken = new Set(pending.flatMap(({ seq }) => (seq === undefined ? [] : [seq])));
  return pending.map((message) => {
    if (message.seq !== undefined || message.turn === undefined) return message;
    const entry = entries.find(
      ({ type, turn, seq, message: recorded }) =>
        type === "user" &&
        turn === message.turn &&
        seq > message.afterSeq &&
        recorded?.content === message.content &&
        !taken.has(seq),
    );
    if (entry === undefined) return message;
    taken.add(entry.seq);
    return { ...message, seq: entry.seq };
  });
}

/** Those that are to be shown below the transcript. */
export function unclaimed(pending: readonly Pending[]): Pending[] {
  return pending.filter(({ seq }) => seq === undefined);
}

/** With the messages that wait in the session, from any sender. A turn that is known already, and a message of which only the beginning is shown, is left out: it could not be found again among the entries. */
export function withQueued(
  pending: readonly Pending[],
  { queued = [], last_seq }: Pick<PageSession, "queued" | "last_seq">,
) {
  const known = new Set(pending.map(({ turn }) => turn));
  const added = queued
    .filter(({ turn, cut }) => !cut && !known.has(turn))
    .map(({ turn, content }, place): Pending => {
      return { key: `queued-${turn}-${place}`, content, afterSeq: last_seq, state: "waiting", turn };
    });
  return [...pending, ...added];
}

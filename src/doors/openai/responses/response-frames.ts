/** The frames of a response, each with its number. A structural event counts 1 and a delta its length, so that a number is a place in the answer, however it was cut into pieces. */
import type { Frame } from "../../../wire/encoder.ts";

/** Room for what one attempt at a reply says: the next one's numbers begin so much later. */
const unitsOfAttempt = 10_000_000;
/** Of these the last ones are for closing what a void attempt has left open. */
const unitsOfClosing = 4;
/** Where within an attempt, before these, an answer ends that has no reply to its step: no item has such a number. */
const endAt = unitsOfAttempt - 100;
/**
 * Where within an attempt its items begin, so that a number alone says which item a reader was in: a text that comes
 * first at the beginning, reasoning that comes first here, and the text after reasoning there.
 */
const reasoningAt = 2_000_000;
const textBehindAt = 6_000_000;

function isOfEnd(into: number): boolean {
  return into > endAt && into < unitsOfAttempt - 1 - unitsOfClosing;
}

export type ItemType = "message" | "reasoning";

/** The item of an attempt that a reader was in. `place`: among the items of that attempt, from 0. */
export interface SeenAttempt {
  attempt: number;
  item: ItemType;
  place: number;
}

export class ResponseFrames {
  /** The number of what was written last. */
  #at = -1;
  readonly #after: number;
  #written: Frame[] = [];

  /** `after`: everything up to this number is known to the reader. */
  constructor(after = -1) {
    this.#after = after;
  }

  /** Where a reply begins, for `restart`. */
  get at(): number {
    return this.#at;
  }

  event(type: string, data: object): void {
    this.#at++;
    if (this.#at > this.#after) this.#write(type, data);
  }

  /** A delta has the number of its last unit; of one that is half known the rest is sent. */
  delta(type: string, data: object, text: string): void {
    const known = Math.max(0, this.#after - this.#at);
    this.#at += text.length;
    if (known < text.length) this.#write(type, { ...data, delta: text.slice(known) });
  }

  /** The reply that began at `base` is tried for the `attempt`-th time. */
  restart(base: number, attempt: number): void {
    this.#at = base + (attempt - 1) * unitsOfAttempt;
  }

  /**
   * An item of that attempt begins. Numbers that earlier versions gave out had no gaps between items: for a reader that
   * comes back with one of these the attempt is numbered as it was then.
   */
  beginItem(of: { base: number; attempt: number }, kind: ItemType): void {
    const first = of.base + (of.attempt - 1) * unitsOfAttempt;
    if (this.#after > first + 1 && this.#after < first + reasoningAt) return;
    if (kind === "reasoning" && this.#at === first) this.#at = first + reasoningAt;
    if (kind === "message" && this.#at > first) this.#at = Math.max(this.#at, first + textBehindAt);
  }

  /**
   * What the reader has of an attempt before this one at the reply that began at `base`. `least`: fewer numbers say
   * nothing; one number alone may also belong to what was before the reply.
   */
  seenBefore(base: number, attempt: number, least = 2): SeenAttempt | undefined {
    const units = this.#after - base;
    const seen = Math.floor(units / unitsOfAttempt) + 1;
    const into = units % unitsOfAttempt;
    if (units < least || into < least || seen >= attempt || isOfEnd(into)) return undefined;
    const item = into >= reasoningAt && into < textBehindAt ? "reasoning" : "message";
    return { attempt: seen, item, place: into < textBehindAt ? 0 : 1 };
  }

  /** The answer ends here, where an attempt at the next reply would begin, or did. A reader that has the first of its last events gets the others. */
  goToEnd(): void {
    const units = this.#after - this.#at;
    const into = units % unitsOfAttempt;
    this.#at = units > 0 && isOfEnd(into) ? this.#after - into + endAt : this.#at + endAt;
  }

  /** Goes to where the events are numbered that close what that attempt has left open: `last` of them follow. */
  closing(of: { base: number; attempt: number }, last: number): void {
    this.#at = of.base + of.attempt * unitsOfAttempt - 1 - Math.min(last, unitsOfClosing);
  }

  /** Not part of the answer: it has the number of what the reader has last, after which it comes back. */
  notice(type: string, data: object): void {
    this.#write(type, data, Math.max(this.#at, this.#after));
  }

  /** What was written since. */
  take(): Frame[] {
    const written = this.#written;
    this.#written = [];
    return written;
  }

  #write(type: string, data: object, at = this.#at): void {
    this.#written.push({ event: type, data: { type, sequence_number: at, ...data } });
  }
}

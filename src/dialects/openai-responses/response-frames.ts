/** The frames of a response, each with its number. A structural event counts 1 and a delta its length, so that a number is a place in what was said, however it was cut into pieces. */
import type { Frame } from "../encoder.ts";

/** Room for what one attempt at a reply says: the next one's numbers begin so much later. */
const unitsOfAttempt = 10_000_000;

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

  /** A delta has the number of its last unit; of one that is half known the rest is told. */
  delta(type: string, data: object, text: string): void {
    const known = Math.max(0, this.#after - this.#at);
    this.#at += text.length;
    if (known < text.length) this.#write(type, { ...data, delta: text.slice(known) });
  }

  /** The reply that began at `base` is tried for the `attempt`-th time. */
  restart(base: number, attempt: number): void {
    this.#at = base + (attempt - 1) * unitsOfAttempt;
  }

  /** What was written since. */
  take(): Frame[] {
    const written = this.#written;
    this.#written = [];
    return written;
  }

  #write(type: string, data: object): void {
    this.#written.push({ event: type, data: { type, sequence_number: this.#at, ...data } });
  }
}

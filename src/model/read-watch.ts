/** Ends the reads of one answer once they take too long, or the answer is no longer needed. One timer and one listener serve all reads: a read only moves a time stamp. */

/** A timer for longer than 2^31 - 1 ms ends at once. */
const longestTimerMs = 2_147_483_647;

export class ReadWatch {
  readonly #signal: AbortSignal;
  readonly #stop: () => void;
  /** When the read under way has taken too long; `Infinity` between reads. */
  #untilMs = Number.POSITIVE_INFINITY;
  /** When the timer looks; `Infinity` while none is set. */
  #lookMs = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: "stalled" | "aborted" | undefined;

  /** `stop` is called once, when a read has taken too long or `signal` is aborted: it ends the read. */
  constructor(signal: AbortSignal, stop: () => void) {
    this.#signal = signal;
    this.#stop = stop;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Why reading was stopped; `undefined` while it was not. */
  get ended(): "stalled" | "aborted" | undefined {
    return this.#signal.aborted ? "aborted" : this.#ended;
  }

  /** A read begins, and may take so long, in ms. */
  began(limitMs: number): void {
    const nowMs = Date.now();
    this.#untilMs = nowMs + limitMs;
    // Else the timer looks earlier than it must, and is set again then.
    if (this.#untilMs < this.#lookMs) this.#lookIn(limitMs, nowMs);
  }

  /** The read has ended. */
  came(): void {
    this.#untilMs = Number.POSITIVE_INFINITY;
  }

  /** To be called once, however the answer ended: no timer and no listener outlives it. */
  close(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#abort);
  }

  #lookIn(afterMs: number, nowMs: number): void {
    clearTimeout(this.#timer);
    const lookAfterMs = Math.min(afterMs, longestTimerMs);
    this.#lookMs = nowMs + lookAfterMs;
    this.#timer = setTimeout(this.#look, lookAfterMs);
  }

  readonly #look = (): void => {
    this.#lookMs = Number.POSITIVE_INFINITY;
    // No read is under way: the next one sets the timer.
    if (this.#untilMs === Number.POSITIVE_INFINITY) return;
    const nowMs = Date.now();
    if (this.#untilMs > nowMs) {
      this.#lookIn(this.#untilMs - nowMs, nowMs);
      return;
    }
    this.#ended = "stalled";
    this.#stop();
  };

  readonly #abort = (): void => {
    clearTimeout(this.#timer);
    this.#stop();
  };
}

/**
 * Counts what one chain of work asks of the outside and of our other objects, so that it goes on in a new invocation (an
 * alarm) before the platform's limit: 50 subrequests an invocation on the Free plan, where too many throw
 * (developers.cloudflare.com/workers/platform/limits). A turn and the deliveries that began together share an invocation.
 */
export const mostSubrequests = { turn: 28, deliveries: 12 } as const;

export class Subrequests {
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A new invocation has begun. */
  began(): void {
    this.#used = 0;
  }

  count(many = 1): void {
    this.#used += many;
  }

  /** What comes next belongs into a new invocation. */
  get isSpent(): boolean {
    return this.#used >= this.#most;
  }

  /** `fetch`, counted. Looked up at each call, so that a test can replace it by a server. */
  readonly fetch: typeof fetch = (input, init) => {
    this.count();
    return globalThis.fetch(input, init);
  };
}

/** Replies and postings as the courier makes them, for tests of what channels show. A posting that was saved can be gone on with, as after a crash. */
import type { Address, Posted, Posting, Reply } from "../../src/channels/channel.ts";

export const reply = (text: string, more: Partial<Reply> = {}): Reply => ({
  id: "dlv_1",
  session: "s",
  text,
  tools: [],
  approvals: [],
  state: "working",
  ...more,
});

export const whole = (text: string, more: Partial<Reply> = {}): Reply =>
  reply(text, { state: "ended", ended: { reason: "completed", atMs: 0, data: { status: "completed" } }, ...more });

/** One delivery: what its channel is told from attempt to attempt, and what it saved. */
export class Delivery<A extends Address, S> {
  readonly #post: (posting: Posting<A, S>) => Promise<Posted<S>>;
  readonly #address: A;
  nowMs = 0;
  shown: S | undefined;
  /** What is on disk. */
  saved: S | undefined;
  #resumed = false;

  constructor(address: A, post: (posting: Posting<A, S>) => Promise<Posted<S>>) {
    this.#address = address;
    this.#post = post;
  }

  /** The next attempts see what was on disk only. */
  crash(): void {
    this.shown = this.saved;
    this.#resumed = this.saved !== undefined;
  }

  /** One attempt. */
  async post(reply: Reply): Promise<Posted<S>> {
    const posted = await this.#post({
      reply,
      address: this.#address,
      shown: this.shown,
      resumed: this.#resumed,
      nowMs: this.nowMs,
      signal: new AbortController().signal,
      save: async (shown) => {
        this.saved = structuredClone(shown);
      },
    });
    this.#resumed = false;
    this.shown = posted.shown;
    return posted;
  }

  /** Attempts until one goes well. */
  async insist(reply: Reply): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const posted = await this.post(reply);
      if (posted.kind === "shown") return;
      if (posted.kind === "dead") throw new Error(`dead: ${posted.error}`);
      this.nowMs += posted.afterMs ?? 1_000;
    }
    throw new Error("never went well");
  }
}

/** Reads a provider's body piece by piece and passes its payloads on. Knows nothing of their content. */
import { PayloadLines } from "./payload-lines.ts";

/**
 * The payloads of `body` (see `PayloadLines`): one batch per upstream read, with all payloads that this read completed. A
 * batch is empty when the read brought a sign of life (a comment, part of a payload) and nothing to pass on. The end of the
 * body gives one more batch when it completes some.
 * Ends at the end of the body, or once `signal` is aborted, also in the middle of a read. A consumer that stops early
 * cancels the body. Throws when the connection breaks or a payload is longer than 16 MB.
 */
export function payloadBatches(body: ReadableStream<Uint8Array>, signal?: AbortSignal): PayloadBatches {
  const batches = new PayloadBatches(body);
  if (signal?.aborted) batches.stop();
  else signal?.addEventListener("abort", () => batches.stop(), { once: true });
  return batches;
}

export interface BatchTaker {
  took(batch: string[] | undefined): void;
  broke(error: unknown): void;
}

/** Not a generator: each of those adds promises to every read, and its `return` would wait for a read that is under way. */
export class PayloadBatches implements AsyncIterableIterator<string[], undefined> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #lines = new PayloadLines();
  readonly #decoder = new TextDecoder();
  #isOver = false;
  /** Who waits for the read under way. */
  #waiting: BatchTaker | undefined;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** Hands the next batch on; `undefined` at the end, or once it was stopped. One at a time, and no promise more than the body's own. */
  readTo(taker: BatchTaker): void {
    if (this.#isOver) {
      taker.took(undefined);
      return;
    }
    this.#waiting = taker;
    this.#reader.read().then(this.#came, this.#broke);
  }

  /** The next batch. */
  read(): Promise<string[] | undefined> {
    return new Promise((took, broke) => this.readTo({ took, broke }));
  }

  /** Ends a read that is under way, and cancels the body. */
  stop(): void {
    this.#isOver = true;
    // Answered first: how long a runtime takes to end a read whose body is cancelled is its own affair.
    this.#taker?.took(undefined);
    this.#reader.cancel().catch(() => {});
  }

  async next(): Promise<IteratorResult<string[], undefined>> {
    const value = await this.read();
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  async return(): Promise<IteratorResult<string[], undefined>> {
    this.stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Each is answered once. */
  get #taker(): BatchTaker | undefined {
    const taker = this.#waiting;
    this.#waiting = undefined;
    return taker;
  }

  readonly #came = (read: ReadableStreamReadResult<Uint8Array>): void => {
    const taker = this.#taker;
    let batch: string[] | undefined;
    try {
      batch = this.#take(read);
    } catch (error) {
      taker?.broke(error);
      this.stop();
      return;
    }
    taker?.took(batch);
  };

  readonly #broke = (error: unknown): void => this.#taker?.broke(error);

  #take({ done, value }: ReadableStreamReadResult<Uint8Array>): string[] | undefined {
    if (this.#isOver) return undefined;
    if (!done) return this.#lines.feed(this.#decoder.decode(value, { stream: true }));
    this.#isOver = true;
    const last = this.#lines.end();
    return last.length > 0 ? last : undefined;
  }
}

/** The beginning of a text that is not needed whole: a refusal. At most about `mostChars`; the rest is not read. */
export async function beginningOf(body: ReadableStream<Uint8Array>, mostChars: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  while (text.length < mostChars) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  void reader.cancel().catch(() => {});
  return text;
}

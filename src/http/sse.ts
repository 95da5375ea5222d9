/** Server-sent events: frames, and a response that is written only when its reader pulls. Knows nothing of what the events mean. */

export interface SseFrame {
  event?: string;
  /** JSON goes on one line. */
  data?: unknown;
  /** Goes out as it is, in place of `data`. */
  text?: string;
  /** Given when the reader may come back with it. */
  id?: string;
  /** How long a reader whose connection broke waits before it comes back, in ms. */
  retry?: number;
}

/** One frame. Line breaks or NUL in a name or id would begin a new field, so they are a fault of ours and throw. */
export function sseFrame({ event, data, text, id, retry }: SseFrame): string {
  const placed = id === undefined ? "" : `id: ${oneLine(id)}\n`;
  const named = event === undefined ? "" : `event: ${oneLine(event)}\n`;
  const again = retry === undefined ? "" : `retry: ${Math.round(retry)}\n`;
  return `${again}${placed}${named}data: ${text === undefined ? JSON.stringify(data) : oneLine(text)}\n\n`;
}

function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new Error(`An SSE field must not hold line breaks or NUL: ${JSON.stringify(text)}`);
  return text;
}

/** A comment: readers skip it, and it keeps proxies from closing a silent line. */
export function sseComment(text: string): string {
  return `: ${oneLine(text)}\n\n`;
}

export interface PullSource {
  /**
   * The next frames as one text, `undefined` at the end, or `null` where there are none yet: then `wake` must be called when
   * there may be some, and `next` is called again after the code that called `wake` has finished.
   */
  next(wake: () => void): string | null | undefined;
  /** A comment is sent when nothing else was for so long; 15 s. */
  heartbeatMs?: number;
  /** What ends the stream after an error in `next`, in the words of its protocol. Without it the stream just ends. */
  onFault?(): string;
  /** Called when the reader hangs up before the end. */
  onHangUp?(): void;
  /** Called once, however the stream ends: by `next`, by a fault or by the reader. */
  onClose?(): void;
}

const encoder = new TextEncoder();
const defaultHeartbeatMs = 15_000;
/** What is done by its `then` runs after the current work, so several wakes of that work lead to one call of `next`. */
const afterThis = Promise.resolve();

/**
 * A body that calls `next` for text only when the reader wants some, and writes each text in one piece. While `next`
 * is silent, comments keep proxies from closing the connection. An error in `next` is logged.
 * The stream then ends with the text that `onFault` returns.
 */
export function pullStream(source: PullSource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new PulledBody(source), { highWaterMark: 0 });
}

/**
 * A pull that found nothing to write does not end with the next text, but when a text must wait for the reader: while the
 * reader takes each text at once, there is no further pull, which would cost a tenth of a token's CPU. At most one text waits.
 */
class PulledBody implements UnderlyingSource<Uint8Array> {
  readonly #source: PullSource;
  readonly #heartbeatMs: number;
  /** Since when the reader waits for text, in ms since 1970; `undefined` while a text waits for the reader. */
  #waitsSinceMs: number | undefined;
  #isWoken = false;
  /** Nothing comes after the text that `next` has just returned. */
  #isLast = false;
  /** Ends the pull that had nothing to write. */
  #endPull: (() => void) | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** One for the whole stream: it looks at how long the reader waits, and is set again only when it has looked. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: PullSource) {
    this.#source = source;
    this.#heartbeatMs = source.heartbeatMs ?? defaultHeartbeatMs;
  }

  pull(controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> {
    this.#controller = controller;
    this.#waitsSinceMs = Date.now();
    this.#write();
    if (this.#waitsSinceMs === undefined) return undefined;
    this.#timer ??= setTimeout(this.#beat, this.#heartbeatMs);
    return new Promise((resolve) => {
      this.#endPull = resolve;
    });
  }

  cancel(): void {
    // Before anything that may fail: what was read from must not go on for a reader that is gone.
    this.#end();
    this.#source.onHangUp?.();
  }

  readonly #wake = (): void => {
    if (this.#isWoken || this.#waitsSinceMs === undefined) return;
    this.#isWoken = true;
    afterThis.then(this.#woken);
  };

  readonly #woken = (): void => {
    this.#isWoken = false;
    this.#write();
  };

  /** Writes texts until there are no more, or the reader does not wait: `wake` is not called again for what one text could not hold. */
  #write(): void {
    while (this.#waitsSinceMs !== undefined) {
      const text = this.#next();
      if (text === null) return;
      if (text !== undefined) this.#enqueue(text);
      if (!this.#isLast) continue;
      this.#controller?.close();
      this.#end();
    }
  }

  #next(): string | null | undefined {
    try {
      const text = this.#source.next(this.#wake);
      this.#isLast = text === undefined;
      return text;
    } catch (error) {
      console.error("event stream failed by a fault of ours", error);
      this.#isLast = true;
      return this.#source.onFault?.();
    }
  }

  #enqueue(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
    const keepsUp = this.#endPull !== undefined && this.#controller?.desiredSize === 0;
    if (keepsUp) this.#waitsSinceMs = Date.now();
    else this.#waitNoMore();
  }

  #waitNoMore(): void {
    this.#waitsSinceMs = undefined;
    this.#endPull?.();
    this.#endPull = undefined;
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#waitNoMore();
    this.#source.onClose?.();
  }

  readonly #beat = (): void => {
    this.#timer = undefined;
    // The reader does not wait: it has not even read what came before.
    if (this.#waitsSinceMs === undefined) return;
    const restMs = this.#waitsSinceMs + this.#heartbeatMs - Date.now();
    if (restMs <= 0) this.#enqueue(sseComment("keep-alive"));
    if (this.#waitsSinceMs !== undefined) this.#timer = setTimeout(this.#beat, restMs > 0 ? restMs : this.#heartbeatMs);
  };
}

/** A response that streams `body` unbuffered and uncached; `headers` come on top. */
export function sseResponse(body: ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Response {
  return new Response(body, {
    headers: {
      ...headers,
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    },
  });
}

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
  /** The next frames as one text, or `undefined` at the end; a promise where they must be waited for. Not called again before it has settled. `signal` aborts when the reader hangs up. */
  next(signal: AbortSignal): string | undefined | Promise<string | undefined>;
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
const heartbeatMs = 15_000;

/** The result of a call of `next`. */
type SourceResult = { kind: "text"; text: string } | { kind: "end" } | { kind: "fault"; error: unknown };

/**
 * A body that calls `next` for text only when the reader wants some, and writes each text in one piece. While `next`
 * is silent, comments keep proxies from closing the connection. An error in `next` is logged.
 * The stream then ends with the text that `onFault` returns.
 */
export function pullStream(source: PullSource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new PulledBody(source), { highWaterMark: 0 });
}

class PulledBody implements UnderlyingSource<Uint8Array> {
  readonly #source: PullSource;
  readonly #heartbeatMs: number;
  readonly #hangUp = new AbortController();
  /** `next` has been called, and its result is not written yet. */
  #isPending = false;
  #arrived: SourceResult | undefined;
  /** The reader waits since then, and is answered by `settle`. */
  #waiting: { sinceMs: number; settle: () => void } | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** One for the whole stream: it looks at how long the reader waits, and is set again only when it has looked. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: PullSource) {
    this.#source = source;
    this.#heartbeatMs = source.heartbeatMs ?? heartbeatMs;
  }

  pull(controller: ReadableStreamDefaultController<Uint8Array>): void | Promise<void> {
    this.#controller = controller;
    if (!this.#isPending) this.#callNext();
    if (this.#arrived !== undefined) return this.#write(this.#arrived);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { sinceMs: Date.now(), settle: resolve };
    this.#timer ??= setTimeout(this.#beat, this.#heartbeatMs);
    return promise;
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#hangUp.abort();
    this.#source.onHangUp?.();
    this.#source.onClose?.();
    this.#settle();
  }

  #callNext(): void {
    this.#isPending = true;
    try {
      const given = this.#source.next(this.#hangUp.signal);
      if (!(given instanceof Promise)) this.#arrived = arrivalOf(given);
      else given.then(this.#came, this.#failed);
    } catch (error) {
      this.#arrived = { kind: "fault", error };
    }
  }

  readonly #came = (text: string | undefined): void => this.#arrive(arrivalOf(text));
  readonly #failed = (error: unknown): void => this.#arrive({ kind: "fault", error });

  /** Written at once where the reader waits; else it waits for the reader. */
  #arrive(arrival: SourceResult): void {
    if (this.#hangUp.signal.aborted) return;
    this.#arrived = arrival;
    if (this.#waiting === undefined) return;
    this.#write(arrival);
    this.#settle();
  }

  #write(arrival: SourceResult): undefined {
    this.#arrived = undefined;
    this.#isPending = false;
    if (arrival.kind === "fault") console.error("event stream failed by a fault of ours", arrival.error);
    const text = textOf(arrival, this.#source.onFault);
    if (text !== undefined) this.#controller?.enqueue(encoder.encode(text));
    if (arrival.kind === "text") return;
    clearTimeout(this.#timer);
    this.#controller?.close();
    this.#source.onClose?.();
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.settle();
  }

  readonly #beat = (): void => {
    this.#timer = undefined;
    // The reader does not wait: it has not even read what came before.
    if (this.#waiting === undefined) return;
    const restMs = this.#waiting.sinceMs + this.#heartbeatMs - Date.now();
    if (restMs > 0) {
      this.#timer = setTimeout(this.#beat, restMs);
      return;
    }
    this.#controller?.enqueue(encoder.encode(heartbeat()));
    this.#settle();
  };
}

function heartbeat(): string {
  return sseComment("keep-alive");
}

function arrivalOf(text: string | undefined): SourceResult {
  return text === undefined ? { kind: "end" } : { kind: "text", text };
}

function textOf(arrival: SourceResult, onFault: PullSource["onFault"]): string | undefined {
  switch (arrival.kind) {
    case "text":
      return arrival.text;
    case "fault":
      return onFault?.();
    case "end":
      return undefined;
  }
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

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
  /** The next frames as one text, or `undefined` at the end. Not called again before it has settled. `signal` aborts when the reader hangs up. */
  next(signal: AbortSignal): Promise<string | undefined>;
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

/** What a wait for `next` came to. */
type Arrival =
  | { kind: "text"; text: string }
  | { kind: "end" }
  | { kind: "fault"; error: unknown }
  | { kind: "silence" };

/**
 * A body that asks `next` for text only when the reader wants some, and writes each text in one piece. While `next` is
 * silent, comments keep proxies from closing the line. An error in `next` is logged, and ends the stream with what `onFault` says.
 */
export function pullStream({
  next,
  heartbeatMs = 15_000,
  onFault,
  onHangUp,
  onClose,
}: PullSource): ReadableStream<Uint8Array> {
  const hangUp = new AbortController();
  let pending: Promise<Arrival> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pending ??= arrive(next, hangUp.signal);
        const arrival = await orSilence(pending, heartbeatMs, hangUp.signal);
        if (hangUp.signal.aborted) return;
        if (arrival.kind !== "silence") pending = undefined;
        if (arrival.kind === "fault") console.error("event stream failed by a fault of ours", arrival.error);
        const text = textOf(arrival, onFault);
        if (text !== undefined) controller.enqueue(encoder.encode(text));
        if (arrival.kind === "text" || arrival.kind === "silence") return;
        controller.close();
        onClose?.();
      },
      cancel() {
        hangUp.abort();
        onHangUp?.();
        onClose?.();
      },
    },
    { highWaterMark: 0 },
  );
}

async function arrive(next: PullSource["next"], signal: AbortSignal): Promise<Arrival> {
  try {
    const text = await next(signal);
    return text === undefined ? { kind: "end" } : { kind: "text", text };
  } catch (error) {
    return { kind: "fault", error };
  }
}

/** Stops waiting at the heartbeat or when the reader hangs up, so that no timer outlives the reader; `pending` goes on. */
async function orSilence(pending: Promise<Arrival>, heartbeatMs: number, signal: AbortSignal): Promise<Arrival> {
  const { promise, resolve } = Promise.withResolvers<Arrival>();
  const stopWaiting = () => resolve({ kind: "silence" });
  const timer = setTimeout(stopWaiting, heartbeatMs);
  signal.addEventListener("abort", stopWaiting);
  try {
    return await Promise.race([pending, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stopWaiting);
  }
}

function textOf(arrival: Arrival, onFault: PullSource["onFault"]): string | undefined {
  switch (arrival.kind) {
    case "text":
      return arrival.text;
    case "silence":
      return sseComment("keep-alive");
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

/** Server-sent events: frames, and a response that is written only when its reader pulls. Knows nothing of what the events mean. */

export interface SseFrame {
  event: string;
  /** JSON goes on one line. */
  data: unknown;
  /** Given when the reader may come back with it. */
  id?: string;
}

/** One frame. Line breaks or NUL in a name or id would begin a new field, so they are a fault of ours and throw. */
export function sseFrame({ event, data, id }: SseFrame): string {
  const named = id === undefined ? "" : `id: ${oneLine(id)}\n`;
  return `${named}event: ${oneLine(event)}\ndata: ${JSON.stringify(data)}\n\n`;
}

function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new Error(`An SSE field must not hold line breaks or NUL: ${JSON.stringify(text)}`);
  return text;
}

export interface PullSource {
  /** The next frames as one text, or `undefined` at the end. Not called again before it has settled. */
  next(): Promise<string | undefined>;
  /** A comment is sent when nothing else was for so long; 15 s. */
  heartbeatMs?: number;
}

const heartbeat = ": keep-alive\n\n";

/**
 * A body that asks `next` for text only when the reader wants some, and writes each text in one piece. While `next` is
 * silent, comments keep proxies from closing the line. An error in `next` becomes an `error` event, then the end.
 */
export function pullStream({ next, heartbeatMs = 15_000 }: PullSource): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let pending: Promise<string | undefined> | undefined;
  let gone = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pending ??= next();
        try {
          const text = await orHeartbeat(pending, heartbeatMs);
          if (text !== heartbeat) pending = undefined;
          if (gone) return;
          if (text === undefined) controller.close();
          else controller.enqueue(encoder.encode(text));
        } catch (error) {
          console.error("event stream failed by a fault of ours", error);
          const data = { code: "internal", detail: "The stream broke off. Come back with the last event id." };
          if (gone) return;
          controller.enqueue(encoder.encode(sseFrame({ event: "error", data })));
          controller.close();
        }
      },
      cancel() {
        gone = true;
      },
    },
    { highWaterMark: 0 },
  );
}

async function orHeartbeat(pending: Promise<string | undefined>, heartbeatMs: number): Promise<string | undefined> {
  const silence = Promise.withResolvers<string>();
  const timer = setTimeout(() => silence.resolve(heartbeat), heartbeatMs);
  try {
    return await Promise.race([pending, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A response that streams `body` unbuffered and uncached. */
export function sseResponse(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    },
  });
}

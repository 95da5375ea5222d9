/** A stream of events that outlives its connection: it is opened again after the newest event, until the turn has ended, or the caller stops. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { EventJson } from "../wire/event-shapes.ts";
import { LonglineError } from "./longline-error.ts";

/** An event, and the id to come back with; events that are not kept have none. */
export type SentEvent = EventJson & { id?: string };

export interface Followed {
  after?: string | undefined;
  /** It is the stream of one turn, which ends with `turn.ended`. */
  isTurn?: boolean;
  /** It ends by the caller alone. */
  isLive?: boolean;
  signal?: AbortSignal | undefined;
}

/** Pauses before a broken stream is opened again, in ms; after the last one its error is thrown. */
const pausesMs = [250, 1_000, 3_000, 10_000];

/** `open`: opens the stream after an event; `undefined`: from its beginning. */
export async function* followed(
  open: (after: string | undefined) => Promise<Response>,
  { after, isTurn = false, isLive = false, signal }: Followed,
): AsyncGenerator<SentEvent> {
  let newest = after;
  let turn: string | undefined;
  for (let broken = 0; ; ) {
    try {
      const { body } = await open(newest);
      for await (const { id, data } of eventsIn(body)) {
        const event = JSON.parse(data) as SentEvent;
        broken = 0;
        if (id !== undefined) newest = id;
        // Opened again, it is the session's stream, and other turns may be in it.
        if (isTurn && event.type === "turn.started") {
          if (turn !== undefined && event.turn !== turn) return;
          turn = event.turn;
        }
        yield id === undefined ? event : { ...event, id };
        if (isTurn && event.type === "turn.ended") return;
      }
      if (!isTurn && !isLive) return;
      throw new TypeError("The stream ended before its turn did.");
    } catch (error) {
      const pauseMs = pausesMs[broken++];
      if (signal?.aborted || pauseMs === undefined || !mayPass(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** A refusal stays one, but for a server that is busy or starts again. */
function mayPass(error: unknown): boolean {
  return error instanceof LonglineError ? error.status === 429 || error.status >= 500 : true;
}

async function* eventsIn(body: ReadableStream<Uint8Array> | null): AsyncGenerator<{ id?: string; data: string }> {
  if (body === null) return;
  const decoded = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>);
  const reader = decoded.pipeThrough(new EventSourceParserStream()).getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const { id, data } = read.value;
      yield id === undefined ? { data } : { id, data };
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

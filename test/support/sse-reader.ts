/** Reads server-sent events in tests: what arrived, in order, and where each read from the network ended. */
import { createParser } from "eventsource-parser";

export interface ReadEvent {
  event: string;
  id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  data: any;
}

/** All events up to the end, or up to and with the `most`-th; then the stream is cancelled. */
export async function readEvents(from: Response, most = Number.POSITIVE_INFINITY): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const some of eventReads(from)) {
    events.push(...some);
    if (events.length >= most) return events.slice(0, most);
  }
  return events;
}

/** The events of each read from the network, one array per read; leaving the loop cancels the stream. */
export async function* eventReads(from: Response): AsyncGenerator<ReadEvent[]> {
  if (from.body === null) throw new Error("The response has no body.");
  let batch: ReadEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id, data }) =>
      batch.push({ event, ...(id !== undefined && { id }), data: JSON.parse(data) }),
  });
  const decoder = new TextDecoder();
  for await (const bytes of from.body) {
    parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
    yield batch;
    batch = [];
  }
}

/** Plays recorded wire bytes into the model client's stages, cut as a test likes, and joins what comes out. */
import { readdirSync, readFileSync } from "node:fs";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { AnswerReader } from "../../src/model/read-answer.ts";
import { payloadBatches } from "../support/payload-batches.ts";

const folder = `${import.meta.dirname}/../fixtures/wire`;

export const tapes = readdirSync(folder)
  .filter((file) => file.endsWith(".sse"))
  .map((file) => file.slice(0, -4));

export function tape(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${folder}/${name}.sse`));
}

/** A body that gives one piece per read. */
export function bodyOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const rest = pieces.values();
  return new ReadableStream({
    pull(controller) {
      const next = rest.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

/** A body that the test feeds by hand; `cancelled` tells whether the reader gave it up. */
export function handFed() {
  const encoder = new TextEncoder();
  const seen = { cancelled: false };
  let feeder: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      feeder = controller;
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return {
    body,
    seen,
    feed: (text: string) => feeder?.enqueue(encoder.encode(text)),
    close: () => feeder?.close(),
    break: (reason: string) => feeder?.error(new TypeError(reason)),
  };
}

/** What a translator made of one payload, as events. */
export function eventsIn(news: ModelEvent[] | string): ModelEvent[] {
  if (typeof news !== "string") return news;
  return news === "" ? [] : [{ type: "text", text: news }];
}

/** All events of a body, one array per batch that brought some. */
export async function eventBatches(body: ReadableStream<Uint8Array>): Promise<ModelEvent[][]> {
  const reader = new AnswerReader();
  const batches: ModelEvent[][] = [];
  for await (const payloads of payloadBatches(body)) {
    const events = reader.take(payloads);
    if (events.length > 0) batches.push(events);
    if (reader.isOver) break;
  }
  const rest = reader.end();
  if (rest.length > 0) batches.push(rest);
  return batches;
}

interface Joined {
  reasoning: string;
  text: string;
  calls: { id: string | undefined; name: string | undefined; arguments: string }[];
  rest: ModelEvent[];
}

/** What a stream comes to however it was cut: texts and calls joined, everything else in order. */
export function joined(events: readonly ModelEvent[]): Joined {
  const sum: Joined = { reasoning: "", text: "", calls: [], rest: [] };
  for (const event of events) {
    if (event.type === "reasoning") sum.reasoning += event.text;
    else if (event.type === "text") sum.text += event.text;
    else if (event.type === "tool_call") {
      const known = sum.calls[event.index];
      if (known === undefined) sum.calls[event.index] = { id: event.id, name: event.name, arguments: event.arguments };
      else known.arguments += event.arguments;
    } else sum.rest.push(event);
  }
  return sum;
}

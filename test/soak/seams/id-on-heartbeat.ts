/** A heartbeat is an event with an id, and the id is a place that was passed long ago. */
import { type PullSource, sseComment, sseFrame } from "../../../src/http/sse.ts";
import { pullStream as pulled } from "./short-heartbeat.ts";

export * from "../../../src/http/sse.ts";

const comment = sseComment("keep-alive");
const ping = new TextEncoder().encode(sseFrame({ event: "ping", data: {}, id: "1" }));

export const pullStream: typeof pulled = (source: PullSource) => {
  const transform = (bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>) =>
    controller.enqueue(new TextDecoder().decode(bytes) === comment ? ping : bytes);
  return pulled(source).pipeThrough(new TransformStream({ transform }));
};

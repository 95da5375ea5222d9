/** Writes a session's events in Longline's own frames, each with an id after which its reader may go on. Goes on through every wait. */
import { formatCursor } from "../core/cursor.ts";
import type { PlacedEvent } from "../core/event.ts";
import type { BrokenStream, Encoder, Frame } from "./encoder.ts";
import { isNativeEvent, nativeEvent, suspendedJson } from "./native.ts";

const noRetry: { retry?: number } = {};

/** `tag`: the prefix of each event's id. `retryMs`: after how long a reader whose connection broke should come back. */
export function nativeEncoder(tag: string, retryMs?: number): Encoder {
  // With the first event, and not in a frame of its own: each frame of ours has data.
  let retry = retryMs === undefined ? noRetry : { retry: retryMs };
  const framed = ({ event, cursor }: PlacedEvent): Frame[] => {
    if (!isNativeEvent(event)) return [];
    const made = { ...nativeEvent(event), id: `${tag}-${formatCursor(cursor)}`, ...retry };
    retry = noRetry;
    return [made];
  };
  return {
    events: (events) => events.flatMap(framed),
    waits: () => [],
    // Without an id: a reader that comes back receives the newest.
    progress: ({ callId, name, text }) => [
      { event: "tool.progress", data: { type: "tool.progress", call_id: callId, name, text } },
    ],
    suspended: (call) => [{ event: "tool.waiting", data: { type: "tool.waiting", ...suspendedJson(call) } }],
    // Without an id: there is nothing to come back to.
    broken: (why: BrokenStream) => [{ event: "error", data: { type: "error", ...why } }],
    get writesTheSame() {
      return retry.retry === undefined;
    },
    ended: false,
  };
}

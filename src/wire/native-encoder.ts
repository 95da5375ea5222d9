/** Writes a session's events in Longline's own frames, each with an id after which its reader may go on. Goes on through every wait. */
import { formatCursor } from "../core/cursor.ts";
import type { PlacedEvent } from "../core/event.ts";
import type { WaitingCall } from "../core/waits.ts";
import type { BrokenStream, Encoder, Frame } from "./encoder.ts";
import { isNativeEvent, nativeEvent } from "./native.ts";

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
    // The session's own are in its log. Those of its children come without an id: a reader that comes back receives them again.
    waits: (calls) => calls.flatMap(askedByChild),
    // Without an id: a reader that comes back receives the newest.
    progress: ({ callId, name, text, agent }) => [
      agent === undefined
        ? { event: "tool.progress", data: { type: "tool.progress", call_id: callId, name, text } }
        : { event: "agent.progress", data: { type: "agent.progress", call_id: callId, ...agent, text } },
    ],
    // Without an id: there is nothing to come back to.
    broken: (why: BrokenStream) => [{ event: "error", data: { type: "error", ...why } }],
    get writesTheSame() {
      return retry.retry === undefined;
    },
    ended: false,
  };
}

function askedByChild({ id, name, arguments: text, child }: WaitingCall): Frame[] {
  if (child === undefined) return [];
  const { session, agent } = child;
  const type = "tool.approval_required";
  return [{ event: type, data: { type, call_id: id, name, arguments: text, session, agent } }];
}

/** Writes a session's events in Longline's own frames, each with an id after which its reader may go on. Goes on through every wait. */
import { formatCursor } from "../core/cursor.ts";
import type { PlacedEvent } from "../core/event.ts";
import { type Encoder, type Frame, sessionGone } from "./encoder.ts";
import { nativeEvent } from "./native.ts";

/** `tag`: stands in front of each event's id. */
export function nativeEncoder(tag: string): Encoder {
  return {
    events: (events) => events.map((event) => frame(event, tag)),
    waits: () => [],
    // Without an id: there is nothing to come back to.
    gone: () => [{ event: "error", data: sessionGone }],
    ended: false,
  };
}

function frame({ event, cursor }: PlacedEvent, tag: string): Frame {
  return { ...nativeEvent(event), id: `${tag}-${formatCursor(cursor)}` };
}

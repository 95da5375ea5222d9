/** The manners in which a stream can be written, and who makes the encoder of each. A route writes a manner into the address that it requests from the session; the session reads it back. Only the native one is always there: the others come with their doors. */
import { type Cursor, formatCursor } from "../core/cursor.ts";
import type { TurnOptions } from "../core/entry.ts";
import type { PlacedEvent } from "../core/event.ts";
import type { WaitingCall } from "../core/waits.ts";
import type { BrokenStream, Encoder, Frame } from "./encoder.ts";
import { isNativeEvent, nativeEvent, suspendedJson } from "./native.ts";

/** How a stream is to be written: the name of its encoder, and that encoder's options. Made by our routes alone, so it is not checked again. */
export interface Manner {
  as: string;
}

/** What an answer was requested with, as its session kept it. */
export interface AnswerRequest {
  options: TurnOptions;
  metadata: Record<string, string>;
  /** When it was accepted, in ms since 1970. */
  atMs: number;
  /** Its turn waits for another one to end. */
  isQueued: boolean;
  /** It is to end before it is done. */
  isStopped: boolean;
  /** Of its session: part of the names of approval requests. */
  birth?: string | null;
}

/** Whose stream it is. `tag`: the prefix of native event ids. `seen`: where the client of this answer was cut off. */
export interface StreamOf {
  session: string;
  tag: string;
  seen?: Cursor;
  /** After how long a native reader whose connection broke should come back. */
  retryMs: number;
  /** The request of the answer that begins at this place. */
  asked(place: { turn: string; afterSeq?: number | undefined }): AnswerRequest;
}

/** Makes an encoder of each manner that is not native, by its name. */
export type Encoders = Readonly<Record<string, (manner: Manner, stream: StreamOf) => Encoder>>;

export function formatManner(manner: Manner): string {
  return encodeURIComponent(JSON.stringify(manner));
}

/** The manner in an address; native when there is none. */
export function parseManner(text: string | null): Manner {
  return text === null ? { as: "native" } : (JSON.parse(text) as Manner);
}

/** Throws an Error for a manner that no door of the app has. */
export function encoderFor(manner: Manner, stream: StreamOf, encoders: Encoders): Encoder {
  if (manner.as === "native") return nativeEncoder(stream.tag, stream.retryMs);
  const make = encoders[manner.as];
  if (make === undefined) throw new Error(`No door of the app writes streams as "${manner.as}".`);
  return make(manner, stream);
}

const noRetry: { retry?: number } = {};

/**
 * Writes a session's events in Longline's own frames, each with an id after which its reader may go on, and continues through
 * every wait. `tag`: the prefix of each event's id. `retryMs`: after how long a reader whose connection broke should come back.
 */
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
    suspended: (call) => [{ event: "tool.waiting", data: { type: "tool.waiting", ...suspendedJson(call) } }],
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

/** The manners in which a stream can be written, and who makes the encoder of each. A route writes a manner into the address that it requests from the session; the session reads it back. Only the native one is always there: the others come with their doors. */
import type { Cursor } from "../core/cursor.ts";
import type { TurnOptions } from "../core/entry.ts";
import type { Encoder } from "./encoder.ts";
import { nativeEncoder } from "./native-events.ts";

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
  /** In which its turn was when the answer began; absent where that began with its turn. */
  step?: number;
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

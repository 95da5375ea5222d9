/** The manners in which a stream can be told, and the encoder of each. A route writes a manner into the address it asks the session for; the session reads it back. */

import type { Cursor } from "../core/cursor.ts";
import { UiChunks, type UiManner } from "./ai-sdk-ui/chunks.ts";
import type { Encoder } from "./encoder.ts";
import { nativeEncoder } from "./native-encoder.ts";
import { ChatChunks, type ChatManner } from "./openai-chat/chunks.ts";
import type { Asked } from "./openai-responses/asked.ts";
import { type ResponseView, ResponseWriter } from "./openai-responses/response-writer.ts";

/** How a stream is to be told. Made by our routes alone, so it is not checked again. */
export type Manner =
  | { as: "native" }
  | ChatManner
  | UiManner
  | ({ as: "openai-responses"; turn: string; afterSeq?: number } & ResponseView);

/** Whose stream it is. `tag`: stands in front of native event ids. `seen`: where the client of this answer was cut off. */
export interface StreamOf {
  session: string;
  tag: string;
  seen?: Cursor;
  /** After how long a native reader whose connection broke should come back. */
  retryMs: number;
  /** What was asked for where an answer begins. */
  asked(place: { turn: string; afterSeq?: number | undefined }): Asked;
}

export function formatManner(manner: Manner): string {
  return encodeURIComponent(JSON.stringify(manner));
}

/** The manner in an address; native when there is none. */
export function parseManner(text: string | null): Manner {
  return text === null ? { as: "native" } : (JSON.parse(text) as Manner);
}

export function encoderFor(manner: Manner, of: StreamOf): Encoder {
  switch (manner.as) {
    case "native":
      return nativeEncoder(of.tag, of.retryMs);
    case "openai-chat":
      return new ChatChunks(manner, of);
    case "ai-sdk-ui":
      return new UiChunks(manner, of);
    case "openai-responses":
      return new ResponseWriter({ ...manner, session: of.session }, of.asked(manner));
  }
}

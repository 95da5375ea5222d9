/** Reads the text of a payload that differs in its text alone from one that was parsed before, as nearly all payloads of an answer do: of such a payload that text alone is parsed. Pure. */
import { parsed } from "../core/parsed.ts";

/** So many templates may be made without one that fits a later payload: hosts that change another field each time gain nothing. */
const mostUnused = 4;
/** A longer payload is no delta, and is parsed once alone. */
const longestChars = 4_096;

/** One per answer. */
export class TextTemplate {
  /** Before the JSON string that is the text; `undefined` while there is no template. */
  #head: string | undefined;
  #tail = "";
  #unused = 0;

  /** The text of a payload that fits; `undefined` for all others. */
  textIn(payload: string): string | undefined {
    if (this.#head === undefined || !payload.startsWith(this.#head) || !payload.endsWith(this.#tail)) return undefined;
    const text = parsed(payload.slice(this.#head.length, payload.length - this.#tail.length));
    if (typeof text !== "string") return undefined;
    this.#unused = 0;
    return text;
  }

  /** Makes the template of a payload whose text is `text`; `read` reads the text of a payload by its JSON. */
  learn(payload: string, text: string, read: (payload: string) => string | undefined): void {
    if (this.#unused === mostUnused || payload.length > longestChars) return;
    const [head, tail] = payload.split(JSON.stringify(text));
    if (tail === undefined) return;
    this.#unused++;
    // Another text in this place is read as that text: then this is its place, whatever the fields are.
    const other = `${text}.`;
    this.#head = read(head + JSON.stringify(other) + tail) === other ? head : undefined;
    this.#tail = tail;
  }
}

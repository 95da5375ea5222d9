/**
 * Takes the Markdown fence and the white space off a JSON answer while it streams (genkit#4613, apfel#101), so that what
 * readers see, what is checked and what is stored are the same. Never touches what is inside; words around a fence stay
 * and are found by the check of the answer.
 */
import type { ModelEvent } from "../core/model-event.ts";

/** A fence and the language after it, as long as it can still become one. */
const lead = /^(?:`{1,2}|~{1,2}|(`{3,}|~{3,})[ \t]*[A-Za-z]{0,10}\d?[ \t]*\r?)?$/;
const fence = /^(`{3,}|~{3,})[ \t]*(?:json[a-z]{0,6}\d?|javascript|js)?[ \t]*(?:\r?\n|(?=[{["]))/i;

export class JsonAnswer {
  /** The beginning that is not decided yet, or a tail of white space and marks that may be the end. */
  #held = "";
  #begun: boolean;
  /** The mark that ends the answer's fence; any, where the beginning was read by an earlier try. */
  #mark: string | undefined;
  #unfenced = false;
  #shown = false;

  constructor(begun = "") {
    this.#begun = begun !== "";
    this.#shown = this.#begun;
    if (this.#begun) this.#mark = "`~";
  }

  /** Whether a fence was taken off. */
  get unfenced(): boolean {
    return this.#unfenced;
  }

  /** The next piece; returns what may be shown now. */
  text(piece: string): string {
    let text = this.#held + piece;
    if (!this.#begun) {
      text = text.replace(/^[\s\ufeff]+/, "");
      const [opened, mark] = fence.exec(text) ?? [];
      if (opened === undefined && lead.test(text)) {
        this.#held = text;
        return "";
      }
      this.#begun = true;
      if (opened !== undefined) {
        this.#mark = mark?.charAt(0);
        this.#unfenced = true;
        text = text.slice(opened.length);
      }
    }
    if (!this.#shown) text = text.replace(/^\s+/, "");
    const tail = tailOf(text);
    this.#held = tail;
    this.#shown ||= tail.length < text.length;
    return text.slice(0, text.length - tail.length);
  }

  /** What remains at the end: nothing, where it is the closing fence. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    if (!this.#begun) return held.trimEnd();
    const [, mark] = /^(`{3,}|~{3,})?$/.exec(held.trim()) ?? [];
    const closes = mark !== undefined && this.#mark?.includes(mark.charAt(0));
    if (closes) this.#unfenced = true;
    return closes || held.trim() === "" ? "" : held.trimEnd();
  }
}

/** Most characters that are held back, since they may be the closing fence. */
const longestHeld = 4_096;

/** The blanks and signs of a fence at the end. Read backwards: a pattern would be tried anew at each sign of a long run. */
function tailOf(text: string): string {
  let from = text.length;
  while (from > 0 && text.length - from < longestHeld && /[\s`~]/.test(text.charAt(from - 1))) from--;
  return text.slice(from);
}

/** One per reply that must be JSON. */
export function jsonAnswerEvents(begun: string): (events: readonly ModelEvent[]) => ModelEvent[] {
  const answer = new JsonAnswer(begun);
  const textEvent = (text: string): ModelEvent[] => (text === "" ? [] : [{ type: "text", text }]);
  return (events) =>
    events.flatMap((event): ModelEvent[] => {
      if (event.type === "text") return textEvent(answer.text(event.text));
      if (event.type !== "finish") return [event];
      const rest = textEvent(answer.end());
      const repair = { type: "repair", what: "code fence around the JSON answer taken off" } as const;
      return [...rest, ...(answer.unfenced ? [repair] : []), event];
    });
}

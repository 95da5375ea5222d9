/** Decides which of a model's text is shown, and whether as text or as reasoning: whole characters only, reasoning between tags kept apart, no special tokens. Repetitions are removed earlier. */
import type { ModelEvent } from "../core/model-event.ts";
import { SpecialTokens } from "./special-tokens.ts";
import { ThinkingTags } from "./thinking-tags.ts";

export class AnswerText {
  readonly #reasoning = { characters: new WholeCharacters(), tokens: new SpecialTokens() };
  readonly #text = { characters: new WholeCharacters(), tokens: new SpecialTokens() };
  readonly #tags = new ThinkingTags();

  /** The events of what is new; a tail that may belong to something longer is held back. */
  say({ reasoning, text }: { reasoning: string; text: string }): ModelEvent[] {
    if (reasoning === "" && text === "") return [];
    const thought = this.#reasoning.characters.take(reasoning);
    const lead = thought === "" ? "" : this.#tags.stop();
    const shown = this.#tags.take(lead + this.#text.characters.take(text));
    return eventsOf(this.#reasoning.tokens.take(thought + shown.reasoning), this.#text.tokens.take(shown.text));
  }

  /** No tag can come any more: a piece of text is text. */
  get isPlain(): boolean {
    return this.#tags.isOver;
  }

  /** The same as `say` for a piece of text, returned as text and not as an event. Only while `isPlain`. */
  text(piece: string): string {
    return this.#text.tokens.take(this.#text.characters.take(piece));
  }

  /** What was held back, once. */
  end(): ModelEvent[] {
    const thought = this.#reasoning.characters.end();
    const last = this.#tags.take(this.#text.characters.end());
    const rest = this.#tags.end();
    const { tokens: ofReasoning } = this.#reasoning;
    const { tokens: ofText } = this.#text;
    return eventsOf(
      ofReasoning.take(thought + last.reasoning + rest.reasoning) + ofReasoning.end(),
      ofText.take(last.text + rest.text) + ofText.end(),
    );
  }
}

function eventsOf(reasoning: string, text: string): ModelEvent[] {
  return [
    ...(reasoning === "" ? [] : [{ type: "reasoning", text: reasoning } as const]),
    ...(text === "" ? [] : [{ type: "text", text } as const]),
  ];
}

/**
 * Keeps a character together that a provider cut in two: a delta never ends, nor is joined, inside a surrogate pair. One per
 * kind of text. Concatenated, what comes out is what went in; units without a partner become U+FFFD.
 */
class WholeCharacters {
  #heldBack = "";

  /** The part of all text so far that is new and whole; `""` when only half a character came. */
  take(delta: string): string {
    if (delta === "") return "";
    const text = this.#heldBack + delta;
    const cut = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length;
    this.#heldBack = text.slice(cut);
    return text.slice(0, cut).toWellFormed();
  }

  /** Half a character that will not get its other half. */
  end(): string {
    const half = this.#heldBack.toWellFormed();
    this.#heldBack = "";
    return half;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

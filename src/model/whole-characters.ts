/** Keeps a character together that a provider cut in two: a delta never ends, nor is joined, inside a surrogate pair. */

/** One per kind of text. Concatenated, what comes out is what went in; units without a partner become U+FFFD. */
export class WholeCharacters {
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

/** Detects when a JSON object or array that comes in pieces is complete, by its brackets alone. Checks nothing else and keeps no text. */

/** One per value. Each piece is looked at once. */
export class JsonDepth {
  #open = 0;
  #hasBegun = false;
  #inString = false;
  #escaped = false;
  #chars = 0;

  /** Characters so far. */
  get chars(): number {
    return this.#chars;
  }

  /** The outermost bracket has been closed. */
  get isWhole(): boolean {
    return this.#hasBegun && this.#open <= 0;
  }

  add(piece: string): void {
    this.#chars += piece.length;
    for (let at = 0; at < piece.length; at++) this.#unit(piece.charCodeAt(at));
  }

  #unit(unit: number): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (unit === codes.backslash) this.#escaped = true;
      else if (unit === codes.quote) this.#inString = false;
      return;
    }
    switch (unit) {
      case codes.quote:
        this.#inString = true;
        return;
      case codes.openBrace:
      case codes.openBracket:
        this.#hasBegun = true;
        this.#open++;
        return;
      case codes.closeBrace:
      case codes.closeBracket:
        this.#open--;
    }
  }
}

const codes = { quote: 34, openBracket: 91, backslash: 92, closeBracket: 93, openBrace: 123, closeBrace: 125 } as const;

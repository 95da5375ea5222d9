/** Names the beginning of a text by its characters, so that another text can be checked against it when the first is no longer there. Grows with the text. */

/** A mark of no text. */
const firstA = 0x811c9dc5;
const firstB = 0x9e3779b9;

/**
 * Two 32-bit hashes of the UTF-16 units (FNV-1a, and one with the constants of MurmurHash3), 14 characters of base 36
 * together. A text that differs by chance has the same mark in 1 of 2^64 cases; it is no protection against a person who
 * looks for such a text.
 */
export class TextMark {
  #a = firstA;
  #b = firstB;
  #units = 0;

  /** How many UTF-16 units it covers. */
  get units(): number {
    return this.#units;
  }

  add(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b);
      b = (b << 13) | (b >>> 19);
    }
    this.#a = a;
    this.#b = b;
    this.#units += text.length;
  }

  toString(): string {
    return half(this.#a) + half(this.#b);
  }
}

function half(hash: number): string {
  return (hash >>> 0).toString(36).padStart(7, "0");
}

/** For dialects whose clients cannot take words back: what a client was given of one step, and how much of it the present attempt has written. What a void attempt had given is left out when it is written again, and checked by its mark; it need not be known any more. */
import type { Cursor, Given } from "../../../core/cursor.ts";

export class GivenText {
  /** What the present attempt has written. */
  #now = new TextMark();
  /** How much the client has, and its mark; none where the client's id is of an earlier version and cannot be checked. */
  #units = 0;
  #mark: string | undefined = new TextMark().toString();
  /** What the client has is known to be of the present attempt. */
  #isSame = false;

  /** What a client has that was cut off at `seen`. `isSame`: the attempt it saw is the one that is read now. */
  static of(seen: Cursor | undefined, { isSame }: { isSame: boolean }): GivenText {
    const text = new GivenText();
    const { into, given } = seen ?? {};
    text.#units = given?.units ?? into?.text ?? 0;
    if (text.#units > 0) text.#mark = given?.mark;
    // An attempt has one text: what was seen of it is its beginning.
    text.#isSame = isSame && text.#units === into?.text;
    return text;
  }

  get given(): Given {
    return { units: this.#units, mark: this.#mark ?? new TextMark().toString() };
  }

  /** The present attempt has written everything that the client was given. */
  get isWhole(): boolean {
    return this.#now.units >= this.#units;
  }

  /** The text begins again. */
  restart(): void {
    this.#now = new TextMark();
    this.#isSame = false;
  }

  /** The part of `text` that is new to the client; `undefined` when the client was given other words. */
  add(text: string): string | undefined {
    const due = this.#units - this.#now.units;
    if (due > text.length) {
      this.#now.add(text);
      return "";
    }
    if (due > 0) {
      this.#now.add(text.slice(0, due));
      if (!this.#isSame && this.#now.toString() !== this.#mark) return undefined;
    }
    const fresh = text.slice(due);
    this.#now.add(fresh);
    this.#units = this.#now.units;
    this.#mark = this.#now.toString();
    return fresh;
  }
}

/** A mark of no text. */
const firstA = 0x811c9dc5;
const firstB = 0x9e3779b9;

/**
 * Names the beginning of a text by its characters, so that another text can be checked against it when the first is no
 * longer there. Two 32-bit hashes of the UTF-16 units (FNV-1a, and one with the constants of MurmurHash3), 14 characters of base 36
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

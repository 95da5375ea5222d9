/**
 * Finds what is new in a stream of text whose host repeats itself: a last frame with everything once more (GoModel#1068),
 * or every frame with all text so far (qwen-code#3896). Keeps a fingerprint of the text, never the text, and looks at each
 * character once. Where a frame may be either, what a model may have written is kept.
 */

/** A frame that begins with the whole text so far repeats it, when that text came in several frames and is as long as this. */
const repeatedChars = 12;
/** The same for the last frame, when it is the whole text and nothing else. */
const repeatedAtEndChars = 4;
/** Length of a first frame after which one longer frame that begins with it shows that all of them are cumulative. */
const telltaleChars = 4;
/** Length of a second and last such frame that is no chance, however short the first was. */
const surelyCumulativeChars = 16;

/** Every frame so far began with the whole frame before it; `held` is the last one, and not passed on yet. */
interface Suspect {
  first: string;
  held: string;
  times: number;
}

/** One per kind of text. */
export class RepeatedText {
  readonly #soFar = new Fingerprint();
  #frames = 0;
  #first = "";
  #suspect: Suspect | undefined;
  #isCumulative = false;

  /** What is new in the next frame; `""` for a repetition, and while it may still turn out to be one. `isLast`: it comes with the finish reason. */
  delta(piece: string, isLast = false): string {
    if (piece === "") return "";
    this.#frames++;
    if (this.#suspect !== undefined) return this.#judge(this.#suspect, piece);
    if (this.#repeats(piece, isLast)) return this.#add(piece.slice(this.#soFar.length));
    if (this.#frames === 1) this.#first = piece;
    else if (this.#frames === 2 && hasLetter(this.#first) && extendsIt(this.#first, piece)) {
      return this.#suspected({ first: this.#first, held: piece, times: 1 });
    }
    return this.#add(piece);
  }

  /** What is new in a message that has everything: all of it when nothing came before, its rest when it goes on from there, else nothing. */
  whole(text: string): string {
    const suspect = this.#suspect;
    const isIncrement = suspect === undefined || text.startsWith(suspect.first + suspect.held);
    if (!isIncrement && text.startsWith(suspect.held)) return this.#cumulative(text);
    const held = this.end();
    return held + (this.#soFar.begins(text) ? this.#add(text.slice(this.#soFar.length)) : "");
  }

  /** What was held; to be called when no more frames come. */
  end(): string {
    const suspect = this.#suspect;
    if (suspect === undefined) return "";
    this.#suspect = undefined;
    const { first, held } = suspect;
    return this.#add(held.length >= surelyCumulativeChars ? held.slice(first.length) : held);
  }

  #repeats(piece: string, isLast: boolean): boolean {
    const { length } = this.#soFar;
    if (length === 0 || piece.length < length) return false;
    const isAll = isLast && piece.length === length && !isPeriodic(piece);
    const enough = this.#frames > 2 ? repeatedAtEndChars : repeatedChars;
    const isLong = this.#frames > 2 && length >= repeatedChars && !isPeriodic(piece.slice(0, length));
    return (this.#isCumulative || (isAll && length >= enough) || isLong) && this.#soFar.begins(piece);
  }

  #judge(suspect: Suspect, piece: string): string {
    if (extendsIt(suspect.held, piece)) {
      return this.#suspected({ ...suspect, held: piece, times: suspect.times + 1 });
    }
    this.#suspect = undefined;
    return this.#add(suspect.held + piece);
  }

  #suspected(suspect: Suspect): string {
    this.#suspect = suspect;
    const isSure = suspect.times >= 2 || suspect.first.trim().length >= telltaleChars;
    return isSure ? this.#cumulative(suspect.held) : "";
  }

  #cumulative(all: string): string {
    this.#suspect = undefined;
    this.#isCumulative = true;
    return this.#add(all.slice(this.#soFar.length));
  }

  #add(text: string): string {
    this.#soFar.add(text);
    return text;
  }
}

/** Whether `next` begins with all of `last` and goes on, other than by repeating one unit: `哈` then `哈哈`, `-` then `---` are what models write. */
function extendsIt(last: string, next: string): boolean {
  return next.length > last.length && next.startsWith(last) && !isPeriodic(next, last.length);
}

/** Brackets, signs and digits come twice at the beginning of many a text: `[[1, 2], [3, 4]]`. */
function hasLetter(text: string): boolean {
  return /\p{L}/u.test(text);
}

/** Whether a text is one unit again and again; `unit`: its length, any when absent. */
function isPeriodic(text: string, unit = (text + text).indexOf(text, 1)): boolean {
  return unit < text.length && text.startsWith(text.slice(unit));
}

/** Knows a text again without keeping it: FNV-1a over UTF-16 units in two lanes. */
class Fingerprint {
  #length = 0;
  #one = 0x811c9dc5 | 0;
  #two = 0x1b873593;

  get length(): number {
    return this.#length;
  }

  add(text: string, length = text.length): void {
    let one = this.#one;
    let two = this.#two;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      one = Math.imul(one ^ unit, 0x01000193);
      two = Math.imul(two ^ unit, 0x85ebca6b | 0);
    }
    this.#one = one;
    this.#two = two;
    this.#length += length;
  }

  /** Whether `text` begins with all of it. */
  begins(text: string): boolean {
    if (text.length < this.#length) return false;
    const other = new Fingerprint();
    other.add(text, this.#length);
    return other.#one === this.#one && other.#two === this.#two;
  }
}

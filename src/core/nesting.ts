/** Checks whether JSON is nested deeper than it may be, without recursion: `JSON.stringify`, validators and copies run out of stack on deep values. Pure. */

/** Levels of objects and arrays that are accepted from outside, by every door. */
export const deepestJson = 64;

/** A string that goes on: where it began, in lists and objects of so many levels. */
export interface OpenString {
  at: number;
  depth: number;
}

/** What is passed over in a string is looked for by the runtime from here on: it takes a tenth of the time, and as long when it was never compiled. */
const shortString = 64;
/** The same after an escape: in texts full of them looking costs more than it saves. */
const shortAfterEscape = 12;

/** Looks at brackets and commas outside strings, so the text need not be valid; it may come in pieces. One pass. */
export class JsonScan {
  #depth = 0;
  #inString = false;
  /** How many characters at the start of the next text are escaped by a backslash at the end of the last one. */
  #escaped = 0;
  /** How many characters came before the next text. */
  #length = 0;
  #stringAt = 0;
  #memberAt = 0;
  /** Levels of objects and arrays. */
  deepest = 0;
  /** How many values the text can hold: one more than commas and opened brackets. */
  values = 1;

  /** Whether the next character is escaped. */
  get isEscaped(): boolean {
    return this.#escaped > 0;
  }

  /** The string that goes on at the end; `undefined` outside of strings. */
  get open(): OpenString | undefined {
    return this.#inString ? { at: this.#stringAt, depth: this.#depth } : undefined;
  }

  /** Where the last comma between members of the whole is. */
  get memberAt(): number {
    return this.#memberAt;
  }

  take(text: string): this {
    let [depth, inString, deepest, values] = [this.#depth, this.#inString, this.deepest, this.values];
    let stringAt = this.#stringAt - this.#length;
    let i = this.#escaped;
    let lookAt = stringAt + shortString;
    // Each is looked for from where it was found last, so that every character is passed once.
    let [quoteAt, slashAt] = [-1, -1];
    const next = (what: string, foundAt: number) => {
      if (foundAt >= i) return foundAt;
      const at = text.indexOf(what, i);
      return at < 0 ? text.length : at;
    };
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (inString) {
        if (code === 0x5c) lookAt = Math.max(lookAt, ++i + shortAfterEscape);
        else if (code === 0x22) inString = false;
        else if (i > lookAt) {
          quoteAt = next('"', quoteAt);
          slashAt = next("\\", slashAt);
          i = Math.min(quoteAt, slashAt) - 1;
        }
      } else if (code === 0x22) {
        inString = true;
        stringAt = i;
        lookAt = i + shortString;
      } else if (code === 0x2c) {
        values++;
        if (depth === 1) this.#memberAt = this.#length + i;
      } else if (code === 0x7b || code === 0x5b) {
        values++;
        if (++depth > deepest) deepest = depth;
      } else if (code === 0x7d || code === 0x5d) depth--;
    }
    this.#escaped = i - text.length;
    this.#stringAt = stringAt + this.#length;
    this.#length += text.length;
    [this.#depth, this.#inString, this.deepest, this.values] = [depth, inString, deepest, values];
    return this;
  }
}

/** Whether JSON text is nested deeper than `most` levels. */
export function textIsDeeper(text: string, most = deepestJson): boolean {
  return new JsonScan().take(text).deepest > most;
}

/** Whether a JSON text can hold more than `most` values. */
export function holdsMore(text: string, most: number): boolean {
  return new JsonScan().take(text).values > most;
}

/** Whether a value that is already parsed is nested deeper than `most` levels; one level at a time. */
export function isDeeper(value: unknown, most = deepestJson): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const next: unknown[] = [];
    let hasContainer = false;
    for (const each of level) {
      if (typeof each !== "object" || each === null) continue;
      hasContainer = true;
      for (const inner of Object.values(each)) if (typeof inner === "object" && inner !== null) next.push(inner);
    }
    if (hasContainer && depth >= most) return true;
    level = next;
  }
  return false;
}

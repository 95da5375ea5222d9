/**
 * Keeps tool markup that a host leaked into the text out of what a client sees, and makes the calls of it that it was
 * meant to be. Holds back only a tail that may still turn out to be markup. Fails closed: what is not whole is never run.
 */
import { readLeak, type Salvaged } from "./leaked-calls.ts";

const bar = "[|｜‖]";
const gap = "[\\s▁_]";
/** Opens a block of calls: DSML of V3.2 and V4, or the token family of V3 and V3.1, with the bars and spaces hosts make of theirs. */
const opening = new RegExp(
  `<\\s?${bar}{1,2}\\s?(?:DSML\\s?${bar}{1,2}\\s?(?:function${gap}calls|tool${gap}calls|invoke)|tool${gap}calls?${gap}begin\\s?${bar}{1,2}\\s?>)`,
  "i",
);
/** Every proper beginning of an opening, letter by letter. Longer than any of them: `longestOpening` characters. */
const beginning = new RegExp(
  `^${nested(["<", "\\s?", `${bar}{1,2}`, "\\s?", "[a-z▁_\\s]*", `(?:${bar}{1,2})?`, "\\s?", "[a-z▁_\\s]*", `(?:${bar}{1,2})?`, "\\s?"])}$`,
  "i",
);
const longestOpening = 48;

export class Salvage {
  /** Text that may begin an opening, and is not shown yet. */
  #held = "";
  /** Everything from the first opening on. */
  readonly #leak: string[] = [];
  readonly #code = new CodeSpans();

  /** The next piece of text; returns what may be shown now. */
  text(piece: string): string {
    if (this.#leak.length > 0) {
      this.#leak.push(piece);
      return "";
    }
    let text = this.#held + piece;
    let shown = "";
    for (let found = opening.exec(text); found !== null; found = opening.exec(text)) {
      const before = text.slice(0, found.index);
      if (!this.#code.covers(before)) {
        this.#held = "";
        this.#leak.push(text.slice(found.index));
        return shown + before;
      }
      // Someone writes about the markup, in code.
      const upTo = found.index + found[0].length;
      this.#code.pass(text.slice(0, upTo));
      shown += text.slice(0, upTo);
      text = text.slice(upTo);
    }
    const from = heldFrom(text);
    this.#held = text.slice(from);
    this.#code.pass(text.slice(0, from));
    return shown + text.slice(0, from);
  }

  end(): Salvaged {
    if (this.#leak.length === 0) return { text: this.#held, calls: [], broken: false };
    return readLeak(this.#leak.join(""));
  }
}

/** Knows whether a text that passes by is inside Markdown code: a fence over lines, or backticks in a line. */
class CodeSpans {
  #fenced = false;
  /** The line so far; only its beginning and its backticks matter. */
  #line = "";

  pass(text: string): void {
    const [first = "", ...rest] = text.split("\n");
    this.#line = `${this.#line}${first}`.slice(0, 4096);
    for (const line of rest) {
      if (/^\s*(```|~~~)/.test(this.#line)) this.#fenced = !this.#fenced;
      this.#line = line.slice(0, 4096);
    }
  }

  /** Whether what follows `text` would stand in code. */
  covers(text: string): boolean {
    const ahead = new CodeSpans();
    ahead.#fenced = this.#fenced;
    ahead.#line = this.#line;
    ahead.pass(text);
    return ahead.#fenced || (ahead.#line.match(/`/g) ?? []).length % 2 === 1;
  }
}

/** Where the tail begins that may still become an opening; the text's length when there is none. */
function heldFrom(text: string): number {
  const from = Math.max(0, text.length - longestOpening);
  for (let at = text.indexOf("<", from); at >= 0; at = text.indexOf("<", at + 1)) {
    if (beginning.test(text.slice(at))) return at;
  }
  return text.length;
}

/** `a(?:b(?:c)?)?`: matches every beginning of the parts in order. */
function nested(parts: string[]): string {
  return parts.reduceRight((rest, part) => (rest === "" ? part : `${part}(?:${rest})?`), "");
}

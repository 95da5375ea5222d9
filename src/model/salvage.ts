/**
 * Keeps tool markup that a host leaked into the text out of what a client sees, and finds the calls that it was meant to
 * be. Holds back only a tail that may still turn out to be markup. Fails closed: what is not whole, what is quoted in
 * code, and what does not end the reply is never run.
 */
import { CodeSpans } from "./code-spans.ts";
import { type LeakedCall, readLeak } from "./leaked-calls.ts";
import { hasMarker, heldFrom, isLeftover, mayHoldMarkup, opening } from "./tool-markup.ts";

export interface SalvageRules {
  /** Whether the model's family leaks calls into its text (`Profile.leaksCalls`): only then are calls read out of it. */
  leaksCalls: boolean;
  /** Text of this reply from before it was cut, which the model continues. */
  begun?: string;
}

export interface Salvaged {
  /** What was held back and is text. */
  text: string;
  calls: LeakedCall[];
  /** Markup was dropped. */
  dropped: boolean;
  /** The reply ends with the beginning of a call that is not whole. */
  attempted: boolean;
}

export class Salvage {
  readonly #leaksCalls: boolean;
  /** Text that may begin markup, and is not shown yet. */
  #held = "";
  /** Everything from the first opening on; `undefined` before it. */
  #leak: string[] | undefined;
  /** The leak is text after all if its inline code ends. */
  #inDoubt = false;
  readonly #spans = new CodeSpans();
  /** Markup was shown: it belongs to the text. */
  #hasShown = false;
  /** What is held begins a line, and no markup was shown before it. */
  #isAlone = true;

  constructor({ leaksCalls, begun = "" }: SalvageRules) {
    this.#leaksCalls = leaksCalls;
    this.#pass(begun);
  }

  /** The next piece of text; returns what may be shown now. */
  text(piece: string): string {
    let shown = "";
    for (let rest: string | undefined = piece; rest !== undefined; ) {
      const next: { shown: string; rest?: string } = this.#leak === undefined ? this.#plain(rest) : this.#leaking(rest);
      shown += next.shown;
      rest = next.rest;
    }
    return shown;
  }

  /** The reply is over. `hasCalls`: it has calls that came as such. */
  end(hasCalls: boolean): Salvaged {
    const held = this.#held;
    this.#held = "";
    if (this.#leak !== undefined) {
      const leak = this.#leak.join("");
      this.#leak = undefined;
      this.#spans.endRun();
      if (this.#inDoubt && this.#spans.place() === "text") return kept(leak);
      const { kind, ...found } = readLeak(leak);
      return { ...found, dropped: kind !== "calls", attempted: kind === "attempt" };
    }
    this.#spans.endRun("<");
    const isDropped =
      isLeftover(held) && this.#spans.place() === "text" && (hasCalls || this.#leaksCalls || this.#isAlone);
    return isDropped ? { text: "", calls: [], dropped: true, attempted: false } : kept(held);
  }

  /** Looks for an opening outside code. */
  #plain(piece: string): { shown: string; rest?: string } {
    const text = this.#held + piece;
    this.#held = "";
    if (!mayHoldMarkup(text)) return { shown: this.#pass(text) };
    const found = this.#leaksCalls ? opening.exec(text) : null;
    if (found === null) {
      const from = heldFrom(text);
      this.#held = text.slice(from);
      return { shown: this.#pass(text.slice(0, from)) };
    }
    const before = this.#pass(text.slice(0, found.index));
    this.#spans.endRun("<");
    const place = this.#spans.place();
    if (place === "code") {
      const upTo = found.index + found[0].length;
      return { shown: before + this.#pass(found[0]), rest: text.slice(upTo) };
    }
    this.#leak = [];
    this.#inDoubt = place === "maybe";
    return { shown: before, rest: text.slice(found.index) };
  }

  /** Keeps what follows an opening; where that is perhaps in inline code, until the code ends or its paragraph does. */
  #leaking(piece: string): { shown: string; rest?: string } {
    const leak = this.#leak ?? [];
    for (let at = 0; this.#inDoubt && at < piece.length; at++) {
      const char = piece.charAt(at);
      this.#spans.endRun(char);
      if (this.#spans.place() === "text") return this.#released(leak, piece, at);
      this.#spans.step(char);
      // A fence has begun, or the paragraph is over and the backticks were only backticks.
      if (this.#spans.place() === "code" && char === "\n") return this.#released(leak, piece, at + 1);
      this.#inDoubt = this.#spans.place() !== "text";
    }
    leak.push(piece);
    return { shown: "" };
  }

  /** The leak was quoted: it is text, and what follows is read anew. */
  #released(leak: string[], piece: string, upTo: number): { shown: string; rest?: string } {
    this.#leak = undefined;
    this.#inDoubt = false;
    const shown = leak.join("") + piece.slice(0, upTo);
    return { shown, rest: piece.slice(upTo) };
  }

  #pass(text: string): string {
    this.#spans.pass(text);
    if (text === "") return text;
    if (!this.#hasShown) this.#hasShown = hasMarker(text);
    this.#isAlone = !this.#hasShown && /\n[ \t]*$/.test(text);
    return text;
  }
}

function kept(text: string): Salvaged {
  return { text, calls: [], dropped: false, attempted: false };
}

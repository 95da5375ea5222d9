/**
 * Takes special tokens of a model's template out of its text: hosts leak them (vllm-ascend#9767), users would read them, and
 * sent back they would mean something to the model. Holds back only a tail that may still become one. Leaves tool markup to
 * the salvage of leaked calls, and what is in Markdown code: such text is about tokens.
 */

/**
 * DeepSeek's: anything between full-width bars that is no tool markup, and the sentence and role tokens as hosts spell them
 * with plain bars. They never occur in prose, so they are removed wherever they are.
 */
const anywhere =
  "<(?:｜(?!DSML|tool)[^｜<>\\n]{1,40}｜|\\|(?:begin|end)[▁_ ]of[▁_ ]sentence\\||\\|(?:EOT|User|Assistant)\\|)>";
/** Of other families (ChatML, Llama, Phi, Gemma, Harmony): people write about these, so they go only where a leak puts them, at the end of the answer. */
const atEnd = "<\\|(?:im_end|im_start|endoftext|eot_id|eom_id|end_of_text|end|return|endofprompt)\\|>|<end_of_turn>";
const token = new RegExp(`(${anywhere})|(?:${atEnd})`, "g");
/** The longest token, with its bars. */
const longestToken = 44;
/** What may still become a token; `<｜DSML` and `<｜tool` may not. */
const beginning = /^<(?:｜(?!DSML|tool)[^｜<>\n]{0,40}｜?|\|[A-Za-z_▁ ]{0,20}\|?|e[a-z_]{0,10})?$/;

/** One per kind of text. */
export class SpecialTokens {
  readonly #code = new MarkdownCode();
  /** May become a token. */
  #held = "";
  /** Tokens that go if nothing but blanks and more of them follows. */
  #pending = "";

  /** The next piece of text; returns what may be shown now. */
  take(piece: string): string {
    if (this.#held === "" && this.#pending === "" && !piece.includes("<")) {
      this.#code.pass(piece);
      return piece;
    }
    const text = this.#held + piece;
    let shown = "";
    let at = 0;
    for (const found of text.matchAll(token)) {
      shown += this.#show(text.slice(at, found.index));
      at = found.index + found[0].length;
      if (this.#code.isInside) shown += this.#show(found[0]);
      else if (found[1] === undefined) this.#pending += found[0];
    }
    const from = this.#heldFrom(text, at);
    shown += this.#show(text.slice(at, from));
    // Within code nothing is ever taken out, so nothing has to wait.
    this.#held = this.#code.isInside ? "" : text.slice(from);
    return this.#code.isInside ? shown + this.#show(text.slice(from)) : shown;
  }

  /** What was held back and is no token; half a token of DeepSeek's is none either, and nothing that anyone wrote. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    const shown = /^<｜./.test(held) ? "" : this.#show(held);
    this.#pending = "";
    return shown;
  }

  #show(text: string): string {
    this.#code.pass(text);
    if (this.#pending === "") return text;
    if (text.trim() === "") {
      this.#pending += text;
      return "";
    }
    const shown = this.#pending + text;
    this.#pending = "";
    return shown;
  }

  #heldFrom(text: string, after: number): number {
    const from = Math.max(after, text.length - longestToken);
    const at = text.lastIndexOf("<");
    return at >= from && beginning.test(text.slice(at)) ? at : text.length;
  }
}

/** Tracks whether streamed text is inside Markdown code: a fence over lines, or backticks in a line. Looks at each character once. */
class MarkdownCode {
  #fenced = false;
  /** The line so far: its first three characters that are no blanks, and whether they make it a fence. */
  #lead = "";
  #isFence = false;
  /** Something follows the fence's own characters. */
  #hasInfo = false;
  #oddTicks = false;

  /** Whether what comes next is inside code. The rest of a fence's line is not. */
  get isInside(): boolean {
    return !this.#isFence && (this.#fenced || this.#oddTicks);
  }

  pass(text: string): void {
    if (this.#lead.length === 3 && !text.includes("\n") && !text.includes("`")) {
      this.#hasInfo ||= this.#isFence;
      return;
    }
    for (const character of text) this.#character(character);
  }

  #character(character: string): void {
    if (character === "\n") {
      if (this.#isFence) this.#fenced = !this.#fenced;
      this.#lead = "";
      this.#isFence = false;
      this.#hasInfo = false;
      this.#oddTicks = false;
      return;
    }
    if (character === "`") this.#oddTicks = !this.#oddTicks;
    if (this.#lead.length < 3) this.#addLead(character);
    else if (this.#isFence && character !== "`") this.#hasInfo = true;
    // A line that opens a fence has no other backticks: this is code within a line.
    else if (this.#isFence && this.#hasInfo && !this.#fenced) this.#isFence = false;
  }

  #addLead(character: string): void {
    if (this.#lead === "" && (character === " " || character === "\t")) return;
    this.#lead += character;
    this.#isFence = this.#lead === "```" || this.#lead === "~~~";
  }
}

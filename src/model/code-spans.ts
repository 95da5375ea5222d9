/**
 * Follows Markdown text that arrives in pieces, and decides whether the place reached is inside quoted code: a fence, an
 * inline span, an indented line or a block quote. Keeps a few counters and no text, so length of lines does not matter.
 * CommonMark 0.31, sections 4.4, 4.5 and 6.1; where they leave a doubt the place counts as code.
 */

/** `maybe`: after backticks that make a span only if the same number of them follows in the paragraph. */
export type CodePlace = "code" | "maybe" | "text";

interface Run {
  mark: string;
  length: number;
  startsLine: boolean;
}

export class CodeSpans {
  /** The fence that is open. */
  #fence: Run | undefined;
  /** A line that opens a fence unless more backticks follow in it. */
  #opens: Run | undefined;
  /** How many backticks would close the inline span that has perhaps begun; 0: none. */
  #span = 0;
  /** Backticks or tildes that are still being counted. */
  #run: Run | undefined;
  #indent = 0;
  #isQuote = false;
  /** The line has only indentation, quote marks and list marks so far. */
  #isLead = true;
  #isBlank = true;
  /** The line closes the open fence unless more than white space follows. */
  #closes = false;
  #before = "";

  pass(text: string): void {
    // In the middle of a line nearly every piece is words alone, and these change no state.
    if (!(this.#isLead || this.#isBlank || this.#closes || this.#run || /[`~\\\n]/.test(text))) {
      if (text !== "") this.#before = "";
      return;
    }
    for (let at = 0; at < text.length; at++) {
      const char = text.charAt(at);
      this.endRun(char);
      this.step(char);
    }
  }

  place(): CodePlace {
    if (this.#fence !== undefined || this.#isQuote || this.#indent >= 4) return "code";
    return this.#span > 0 || this.#opens !== undefined ? "maybe" : "text";
  }

  /** The run of marks that is being counted is over when `next` is another character, or the end of the text (""). */
  endRun(next = ""): void {
    const run = this.#run;
    if (run === undefined || next === run.mark) return;
    this.#run = undefined;
    if (this.#fence !== undefined) {
      this.#closes = run.startsLine && run.mark === this.#fence.mark && run.length >= this.#fence.length;
      return;
    }
    if (run.startsLine && run.length >= 3) this.#opens = run;
    else if (this.#opens?.mark === "`" && run.mark === "`") this.#opens = undefined;
    if (run.mark === "~") return;
    if (this.#span === 0) this.#span = run.length;
    else if (this.#span === run.length) this.#span = 0;
  }

  /** One character, after `endRun`. */
  step(char: string): void {
    const isEscaped = this.#before === "\\" && this.#fence === undefined && this.#span === 0;
    this.#before = isEscaped ? "" : char;
    if (char === "\n") {
      this.#endLine();
      return;
    }
    if ((char === "`" || char === "~") && !isEscaped) {
      this.#run ??= { mark: char, length: 0, startsLine: this.#isLead };
      this.#run.length++;
      this.#isLead = false;
      this.#isBlank = false;
      return;
    }
    if (this.#isLead) this.#lead(char);
    if (!/\s/.test(char)) {
      this.#isBlank &&= char === ">";
      this.#closes = false;
    }
  }

  #lead(char: string): void {
    if (char === " ") this.#indent++;
    else if (char === "\t") this.#indent += 4;
    else if (char === ">") this.#isQuote = true;
    else if (!/[-*+\d.)\r]/.test(char)) this.#isLead = false;
  }

  #endLine(): void {
    if (this.#closes) this.#fence = undefined;
    else if (this.#opens !== undefined && this.#fence === undefined) {
      this.#fence = this.#opens;
      this.#span = 0;
    } else if (this.#isBlank) this.#span = 0;
    this.#opens = undefined;
    this.#closes = false;
    this.#indent = 0;
    this.#isQuote = false;
    this.#isLead = true;
    this.#isBlank = true;
  }
}

/** Tracks whether streamed text is inside Markdown code: a fence over lines, or backticks in a line. Looks at each character once. */

export class MarkdownCode {
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

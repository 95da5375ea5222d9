/**
 * Reads reasoning that a host leaves in the text, between tags at the very beginning of an answer: `<think>` of DeepSeek-R1
 * and Qwen, `<thinking>`, and `<thought>` of Gemini's OpenAI door. A closing tag alone at the beginning is what a host left
 * over that took the reasoning before it (the template had opened it): it is no text. Anywhere else such a tag is text.
 */

const names = ["think", "thinking", "thought"];
const opening = new RegExp(`^<(${names.join("|")})>\\s*`);
const closing = new RegExp(`^</(?:${names.join("|")})>`);

/** One per answer. */
export class ThinkingTags {
  #state: "beginning" | "inside" | "after" | "text" = "beginning";
  #held = "";
  #closing = "";
  /** Reasoning came by a field of its own: an opening tag is text. */
  #isFielded = false;

  /** From now on every piece is text. */
  get isOver(): boolean {
    return this.#state === "text";
  }

  /** What a piece of text brings of each kind. */
  take(piece: string): { reasoning: string; text: string } {
    if (this.#state === "text") return { reasoning: "", text: piece };
    const all = this.#held + piece;
    this.#held = "";
    switch (this.#state) {
      case "beginning":
        return this.#begin(all);
      case "inside":
        return this.#think(all);
      case "after":
        return { reasoning: "", text: this.#after(all) };
    }
  }

  /** What was held back. */
  end(): { reasoning: string; text: string } {
    const held = this.#held;
    this.#held = "";
    return this.#state === "inside" ? { reasoning: held, text: "" } : { reasoning: "", text: held };
  }

  /** Reasoning has come by a field of its own: an opening tag is text. Returns what was held back, to be taken again. */
  stop(): string {
    this.#isFielded = true;
    return this.#state === "beginning" ? this.end().text : "";
  }

  #begin(all: string): { reasoning: string; text: string } {
    const lead = all.trimStart();
    const left = closing.exec(lead)?.[0];
    if (left !== undefined) {
      this.#state = "after";
      return { reasoning: "", text: this.#after(lead.slice(left.length)) };
    }
    const [tag, name] = (this.#isFielded ? undefined : opening.exec(lead)) ?? [];
    if (tag !== undefined) {
      this.#state = "inside";
      this.#closing = `</${name}>`;
      return this.#think(lead.slice(tag.length));
    }
    const mayOpen = !this.#isFielded && names.some((each) => `<${each}>`.startsWith(lead));
    if (mayOpen || names.some((each) => `</${each}>`.startsWith(lead))) {
      this.#held = all;
      return { reasoning: "", text: "" };
    }
    this.#state = "text";
    return { reasoning: "", text: all };
  }

  #think(all: string): { reasoning: string; text: string } {
    const end = all.indexOf(this.#closing);
    if (end >= 0) {
      this.#state = "after";
      return { reasoning: all.slice(0, end), text: this.#after(all.slice(end + this.#closing.length)) };
    }
    const from = all.lastIndexOf("<");
    const mayClose = from >= 0 && this.#closing.startsWith(all.slice(from));
    this.#held = mayClose ? all.slice(from) : "";
    return { reasoning: mayClose ? all.slice(0, from) : all, text: "" };
  }

  /** Blank lines between the tags and the answer belong to neither. */
  #after(all: string): string {
    const text = all.trimStart();
    if (text !== "") this.#state = "text";
    return text;
  }
}

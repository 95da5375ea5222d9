/** Draws a text in Markdown while it grows: blocks that are finished stay as they are, and only the last one is parsed and drawn again. */
import { blocksOf, elementsOf } from "./markdown-elements.ts";

export class GrowingMarkdown {
  readonly #host: HTMLElement;
  /** The text of the blocks that are finished. */
  #finished = "";
  #open: ChildNode[] = [];
  #drawn = "";

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** `isWhole`: nothing more will come; it is drawn once more as one, since a last line may change the meaning of earlier ones. */
  draw(raw: string, isWhole: boolean): void {
    const text = raw.replace(/\r\n?/g, "\n");
    if (isWhole) this.#drawWhole(text);
    else this.#drawMore(text);
    this.#drawn = text;
  }

  #drawMore(text: string): void {
    if (!text.startsWith(this.#drawn)) {
      this.#host.replaceChildren();
      this.#finished = "";
      this.#open = [];
    }
    for (const node of this.#open) node.remove();
    const blocks = blocksOf(text.slice(this.#finished.length));
    const last = Math.max(
      0,
      blocks.findLastIndex(({ type }) => type !== "space"),
    );
    const finished = blocks.slice(0, last);
    this.#host.append(elementsOf(finished));
    this.#finished += finished.map((block) => block.raw).join("");
    const open = elementsOf(blocks.slice(last));
    this.#open = [...open.childNodes];
    this.#host.append(open);
  }

  #drawWhole(text: string): void {
    const whole = document.createElement("div");
    whole.append(elementsOf(blocksOf(text)));
    // What is the same stays, with what the reader has marked in it.
    if (!whole.isEqualNode(this.#shell())) this.#host.replaceChildren(...whole.childNodes);
    this.#finished = "";
    this.#open = [...this.#host.childNodes];
  }

  /** What is drawn, without what the page has put on its frame. */
  #shell(): HTMLElement {
    const shell = document.createElement("div");
    shell.append(...[...this.#host.childNodes].map((node) => node.cloneNode(true)));
    return shell;
  }
}

/** Draws a text in Markdown while it grows: blocks that are finished stay as they are, and only the last one is parsed and drawn again. */
import { blocksOf } from "./blocks.ts";
import { elementsOf } from "./markdown-elements.ts";

export class GrowingMarkdown {
  readonly #host: HTMLElement;
  /** The text of the blocks that are finished. */
  #finished = "";
  #open: ChildNode[] = [];
  #drawn = "";
  /** What is to be drawn once there is time for it. */
  #waiting: string | undefined;
  #restMs = 0;
  #drawnAtMs = 0;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** `isWhole`: nothing more will come; it is drawn once more as one, since a last line may change the meaning of earlier ones. */
  draw(raw: string, isWhole: boolean): void {
    const text = raw.replace(/\r\n?/g, "\n");
    if (isWhole) this.#drawWhole(text);
    else if (this.#waiting === undefined) this.#drawInTime(text);
    else this.#waiting = text;
  }

  /** A last block that has become long takes its time: drawing rests four times as long as it lasted. */
  #drawInTime(text: string): void {
    const pauseMs = this.#drawnAtMs + this.#restMs - performance.now();
    if (pauseMs <= 0) {
      this.#drawMore(text);
      return;
    }
    this.#waiting = text;
    setTimeout(() => {
      const latest = this.#waiting;
      this.#waiting = undefined;
      if (latest !== undefined) this.#drawMore(latest);
    }, pauseMs);
  }

  #drawMore(text: string): void {
    const beganMs = performance.now();
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
    this.#drawn = text;
    this.#drawnAtMs = performance.now();
    this.#restMs = 4 * (this.#drawnAtMs - beganMs);
  }

  #drawWhole(text: string): void {
    this.#waiting = undefined;
    const whole = document.createElement("div");
    whole.append(elementsOf(blocksOf(text)));
    // What is the same stays, with what the reader has marked in it.
    if (!whole.isEqualNode(this.#shell())) this.#host.replaceChildren(...whole.childNodes);
    this.#finished = "";
    this.#open = [...this.#host.childNodes];
    this.#drawn = text;
  }

  /** What is drawn, without what the page has put on its frame. */
  #shell(): HTMLElement {
    const shell = document.createElement("div");
    shell.append(...[...this.#host.childNodes].map((node) => node.cloneNode(true)));
    return shell;
  }
}

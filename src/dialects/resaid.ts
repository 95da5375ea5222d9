/** For dialects whose clients cannot take words back: what is said again after an attempt was voided is passed over, as long as it is the same. */

export class Resaid {
  #said = "";
  /** How much of `#said` the present attempt has repeated; all of it while there was only one. */
  #at = 0;

  /** The text begins again. */
  restarted(): void {
    this.#at = 0;
  }

  /** Another step begins: what was said before it stands. */
  next(): void {
    this.#said = "";
    this.#at = 0;
  }

  /** What is new in `text`; `undefined` when it is not what was said before. */
  delta(text: string): string | undefined {
    const due = this.#said.slice(this.#at, this.#at + text.length);
    if (!text.startsWith(due)) return undefined;
    const fresh = text.slice(due.length);
    this.#at += text.length;
    this.#said += fresh;
    return fresh;
  }
}

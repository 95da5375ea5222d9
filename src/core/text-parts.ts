/** Text that grows by deltas and is read from any offset: appending and reading the newest part never copy what came before. */
export class TextParts {
  readonly #parts: string[] = [];
  readonly #ends: number[] = [];

  /** Length so far in UTF-16 units, the unit of every position in a stream. */
  get length(): number {
    return this.#ends.at(-1) ?? 0;
  }

  add(text: string): void {
    if (text === "") return;
    this.#ends.push(this.length + text.length);
    this.#parts.push(text);
  }

  /** Everything from `offset` on; `""` when nothing is there yet. */
  since(offset: number): string {
    if (offset >= this.length) return "";
    let first = this.#parts.length - 1;
    while (first > 0 && (this.#ends[first - 1] ?? 0) > offset) first--;
    let rest = (this.#parts[first] ?? "").slice(offset - (this.#ends[first - 1] ?? 0));
    while (++first < this.#parts.length) rest += this.#parts[first];
    return rest;
  }

  toString(): string {
    return this.#parts.join("");
  }
}

/** One line of an import as it comes. A long text of its entry is taken out in parts, so that no piece of work has all of it. Pure; what the line says is checked by `read-import.ts`. */
import { JsonScan } from "../../core/nesting.ts";
import { closingQuote, parsedBeginning, type TextField, textAt } from "../../session/store/entry-text.ts";

/** UTF-16 units of JSON in a part, about. */
const partUnits = 300_000;
/** What stays in the line of a text that is taken out. */
const headUnits = 4_000;

export class LineText {
  readonly scan = new JsonScan();
  /** UTF-16 units that came. */
  length = 0;
  /** A text of which the line has only `beginning`. `units`: of all its parts. */
  taken: { field: TextField; beginning: string; units: number; parts: number } | undefined;
  #kept: string[] = [];
  /** What came of the text that is being taken out, as JSON has it. */
  #raw: string | undefined;
  /** Where a long string began that no entry has as its text. */
  #otherAt: number | undefined;

  /** The line without what was taken out of it. */
  get text(): string {
    return this.#kept.join("").trim();
  }

  /** Takes what comes next of the line; returns the parts of its long text that are complete. Throws a SyntaxError for a text that is no JSON. */
  take(piece: string): string[] {
    const from = this.scan.isEscaped ? 1 : 0;
    this.scan.take(piece);
    this.length += piece.length;
    if (this.#raw === undefined) {
      this.#kept.push(piece);
      this.#begin();
      return this.#parts(partUnits);
    }
    const end = closingQuote(piece, from);
    this.#raw += piece.slice(0, end);
    if (end === undefined) return this.#parts(partUnits);
    this.#kept.push(piece.slice(end));
    const parts = this.#parts(1);
    this.#raw = undefined;
    return parts;
  }

  /** Begins to take out the string that goes on, where it is a long text of the entry, and the first. */
  #begin(): void {
    const { open } = this.scan;
    if (open === undefined || this.length - open.at <= partUnits || this.taken || this.#otherAt === open.at) return;
    const line = this.#kept.join("");
    const field = textAt(line, open);
    this.#otherAt = open.at;
    if (field === undefined) return;
    const { text, units } = parsed(line.slice(open.at + 1, open.at + headUnits));
    const to = open.at + 1 + units;
    this.#kept = [line.slice(0, to)];
    this.taken = { field, beginning: text, units: 0, parts: 0 };
    this.#raw = line.slice(to);
  }

  /** Parts of what came, while there are so many units of it. */
  #parts(leastUnits: number): string[] {
    const parts: string[] = [];
    while (this.taken !== undefined && this.#raw !== undefined && this.#raw.length >= leastUnits) {
      const { text, units } = parsed(this.#raw.slice(0, partUnits));
      this.#raw = this.#raw.slice(units);
      this.taken.units += text.length;
      this.taken.parts++;
      parts.push(text);
    }
    return parts;
  }
}

/** `units`: how many of them are the text; the others are half an escape sequence. */
function parsed(raw: string): { text: string; units: number } {
  const { value, left } = parsedBeginning(`"${raw}`, '"');
  if (raw.length === left) throw new SyntaxError("half an escape sequence");
  return { text: value as string, units: raw.length - left };
}

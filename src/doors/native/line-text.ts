/** One line of an import as it comes. A long text of its entry is taken out in parts, so that no piece of work has all of it. Pure; what the line says is checked by `read-import.ts`. */
import { JsonScan } from "../../core/nesting.ts";
import { type TextField, textFields } from "../../session/store/entry-text.ts";

/** UTF-16 units of JSON in a part, about. */
const partUnits = 300_000;
/** What stays in the line of a text that is taken out. */
const headUnits = 4_000;

/** A text of which the line has only `beginning`. `units`: of all its parts. */
export interface TakenText {
  field: TextField;
  beginning: string;
  units: number;
  parts: number;
}

export class LineText {
  readonly #scan = new JsonScan();
  #kept: string[] = [];
  #taken: TakenText | undefined;
  /** What came of the text that is being taken out, as JSON has it. */
  #raw: string | undefined;
  /** Where a long string began that no entry has as its text. */
  #otherAt: number | undefined;
  /** UTF-16 units that came. */
  length = 0;

  get deepest(): number {
    return this.#scan.deepest;
  }

  get values(): number {
    return this.#scan.values;
  }

  /** The line without what was taken out of it. */
  get text(): string {
    return this.#kept.join("").trim();
  }

  get taken(): TakenText | undefined {
    return this.#taken;
  }

  /** Takes what comes next of the line; returns the parts of its long text that are complete. Throws a SyntaxError for a text that is no JSON. */
  take(piece: string): string[] {
    this.#scan.take(piece);
    this.length += piece.length;
    if (this.#raw === undefined) {
      this.#kept.push(piece);
      this.#begin();
      return this.#parts(partUnits);
    }
    const from = this.#raw.length;
    this.#raw += piece;
    const end = closingQuote(this.#raw, from);
    if (end === undefined) return this.#parts(partUnits);
    this.#kept.push(this.#raw.slice(end));
    this.#raw = this.#raw.slice(0, end);
    const parts = this.#parts(1);
    this.#raw = undefined;
    return parts;
  }

  /** Begins to take out the string that goes on, where it is a long text of the entry, and the first. */
  #begin(): void {
    const { open } = this.#scan;
    if (open === undefined || open.depth !== 1 || this.length - open.at <= partUnits) return;
    if (this.#taken !== undefined || this.#otherAt === open.at) return;
    const line = this.#kept.join("");
    const [, name] = namesText.exec(line.slice(Math.max(0, open.at - longestName), open.at)) ?? [];
    const field = textFields.find((each) => each === name);
    if (field === undefined) {
      this.#otherAt = open.at;
      return;
    }
    const from = open.at + 1;
    const to = from + wholeUnits(line.slice(from, from + headUnits));
    this.#kept = [line.slice(0, to)];
    this.#taken = { field, beginning: parsed(line.slice(from, to)), units: 0, parts: 0 };
    this.#raw = line.slice(to);
  }

  /** Parts of what came, while there are so many units of it. */
  #parts(leastUnits: number): string[] {
    const parts: string[] = [];
    const taken = this.#taken;
    while (taken !== undefined && this.#raw !== undefined && this.#raw.length >= leastUnits) {
      // What goes on nowhere at its end is no JSON: it is parsed as it is, and throws.
      const units = wholeUnits(this.#raw.slice(0, partUnits)) || this.#raw.length;
      const part = parsed(this.#raw.slice(0, units));
      this.#raw = this.#raw.slice(units);
      taken.units += part.length;
      taken.parts++;
      parts.push(part);
    }
    return parts;
  }
}

/** The name before a value. No string can end so before a value but a name that is written plainly. */
const namesText = /[{,\s]"(\w{1,20})"\s{0,8}:\s{0,8}$/;
const longestName = 40;

function parsed(raw: string): string {
  return JSON.parse(`"${raw}"`) as string;
}

/** Where the string ends; what is before `from` is known to be inside of it. */
function closingQuote(raw: string, from: number): number | undefined {
  for (let at = raw.indexOf('"', from); at >= 0; at = raw.indexOf('"', at + 1)) {
    if (backslashesBefore(raw, at) % 2 === 0) return at;
  }
  return undefined;
}

function backslashesBefore(raw: string, at: number): number {
  let count = 0;
  while (raw.charCodeAt(at - 1 - count) === 0x5c) count++;
  return count;
}

/** How many units may be cut off: none of an escape sequence or a surrogate pair that goes on. */
function wholeUnits(raw: string): number {
  let at = raw.length;
  while (at > raw.length - 3 && /[\da-f]/i.test(raw[at - 1] ?? "")) at--;
  if (raw[at - 1] === "u" && backslashesBefore(raw, at - 1) % 2 === 1) return at - 2;
  if (backslashesBefore(raw, raw.length) % 2 === 1) return raw.length - 1;
  const last = raw.charCodeAt(raw.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? raw.length - 1 : raw.length;
}

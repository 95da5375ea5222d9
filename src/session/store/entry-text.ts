/** How an entry is written as JSON: its texts and its options come last, so that the beginning of a long row says everything else about it. Pure. */
import type { Entry } from "../../core/entry.ts";
import { JsonScan, type OpenString } from "../../core/nesting.ts";
import { piecesOf } from "../../core/text-pieces.ts";

/** The fields of entries that may be megabytes long. */
export type TextField = "content" | "reasoning" | "summary";
/** The name before a text. No string can end so before a value but a name that is written plainly. */
const namesText = /[{,\s]"(content|reasoning|summary)"\s{0,8}:\s{0,8}$/;
const longestName = 40;

/**
 * Most UTF-16 units of an entry's JSON in one row. A unit is at most 3 bytes of UTF-8, so a row stays under 1.9 MB;
 * Durable Objects refuse rows over 2 MB (developers.cloudflare.com/durable-objects/platform/limits), the local runtime does not.
 */
const unitsPerRow = 600_000;
/** Of an entry over several rows the first one is short: reports and summaries read nothing else of it. */
const headUnits = 6_000;

/** So begins every row that is written here. In rows of earlier versions `seq` comes last, and texts are anywhere. */
const beginning = '{"seq":';
const last = { content: undefined, reasoning: undefined, summary: undefined, options: undefined };

/** The entry's JSON. */
export function entryText(entry: Entry): string {
  const { seq, content, reasoning, summary, options, ...rest } = { ...last, ...entry };
  return JSON.stringify({ seq, ...rest, content, reasoning, summary, options });
}

/** The entry's JSON up to where its text `field` goes on: this, more pieces of the text by `textPiece`, and `closing` are the whole. */
export function openText(entry: Entry, field: TextField): string {
  const text: unknown = Reflect.get(entry, field);
  const others = entryText({ ...entry, [field]: undefined } as Entry);
  return `${others.slice(0, -1)},"${field}":"${textPiece(String(text))}`;
}

export const closing = '"}';

/** A piece of a text as JSON has it between the quotes. */
export function textPiece(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The entry's JSON as rows hold it. */
export function rowsOf(text: string): string[] {
  return text.length <= unitsPerRow ? [text] : [...piecesOf(text, headUnits, unitsPerRow)];
}

/** The name of the text of an object's JSON that is this string; `undefined` for another one. */
export function textAt(json: string, { at, depth }: OpenString): TextField | undefined {
  const [, name] = depth === 1 ? (namesText.exec(json.slice(Math.max(0, at - longestName), at)) ?? []) : [];
  return name as TextField | undefined;
}

const longestEscape = 6;

/** The value of JSON that is cut within a string, with what closes it, and how many units of an escape sequence at its end are left out. Throws a SyntaxError for what is no JSON. */
export function parsedBeginning(json: string, close: string): { value: unknown; left: number } {
  for (let left = 0; ; left++) {
    try {
      return { value: JSON.parse(json.slice(0, json.length - left) + close), left };
    } catch (error) {
      if (left === longestEscape) throw error;
    }
  }
}

/** Where a string ends that goes on at the beginning of `raw`. What is before `from` is escaped. */
export function closingQuote(raw: string, from: number): number | undefined {
  for (let at = raw.indexOf('"', from); at >= 0; at = raw.indexOf('"', at + 1)) {
    let before = at;
    while (before > from && raw[before - 1] === "\\") before--;
    if ((at - before) % 2 === 0) return at;
  }
  return undefined;
}

/**
 * The entry of which this is the beginning of the JSON: a text that is cut as far as it is here, "" for one that comes later,
 * and no options where these are cut. `undefined` where the beginning does not say everything else: that of an earlier
 * version, or of an entry of thousands of calls.
 */
export function beginningOf(head: string): Entry | undefined {
  if (!head.startsWith(beginning)) return undefined;
  const { open, memberAt } = new JsonScan().take(head);
  const isText = open !== undefined && textAt(head, open) !== undefined;
  if (!isText && !head.startsWith(',"options":', memberAt)) return undefined;
  const known: unknown = isText ? parsedBeginning(head, closing).value : JSON.parse(`${head.slice(0, memberAt)}}`);
  const entry = known as Entry;
  if (entry.type === "assistant" || entry.type === "step_failed") return { ...entry, reasoning: entry.reasoning ?? "" };
  if (entry.type !== "user") return entry;
  return entry.content === undefined ? undefined : { ...entry, options: entry.options ?? {} };
}

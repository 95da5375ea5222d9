/** How an entry is written as JSON: its long texts come last, so that the beginning of a long row says everything else about it. Pure. */
import type { Entry } from "../../core/entry.ts";

/** The fields of entries that may be megabytes long. */
export const textFields = ["content", "reasoning", "summary"] as const;
export type TextField = (typeof textFields)[number];

/**
 * Most UTF-16 units of an entry's JSON in one row. A unit is at most 3 bytes of UTF-8, so a row stays under 1.9 MB;
 * Durable Objects refuse rows over 2 MB (developers.cloudflare.com/durable-objects/platform/limits), the local runtime does not.
 */
const unitsPerRow = 600_000;
/** Of an entry over several rows the first one is short: reports and summaries read nothing else of it. */
const headUnits = 6_000;

/** So begins every row that is written here. In rows of earlier versions `seq` comes last, and texts are anywhere. */
const beginning = '{"seq":';
const noTexts = { content: undefined, reasoning: undefined, summary: undefined };

/** The entry's JSON. */
export function entryText(entry: Entry): string {
  const { seq, content, reasoning, summary, ...rest } = { ...noTexts, ...entry };
  return JSON.stringify({ seq, ...rest, content, reasoning, summary });
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
  return text.length <= unitsPerRow ? [text] : [...piecesOf(text, { firstUnits: headUnits, units: unitsPerRow })];
}

/** Pieces of a text, one after the other. Never cuts between the halves of a surrogate pair: SQLite would store each half as U+FFFD. */
export function* piecesOf(
  text: string,
  { firstUnits, units }: { firstUnits: number; units: number },
): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + (from === 0 ? firstUnits : units), text.length);
    const code = text.charCodeAt(to - 1);
    if (to < text.length && code >= 0xd800 && code <= 0xdbff) to += to - from > 1 ? -1 : 1;
    yield text.slice(from, to);
    from = to;
  }
}

/** Cuts of an escape sequence at the end of a piece, and where it ends whole. */
const longestEscape = 6;

/**
 * The entry of which this is the beginning of the JSON, with the texts that are cut as far as they are here; "" for those that
 * come later. `undefined` where the beginning does not say everything else: that of an earlier version, or one with more in it.
 */
export function beginningOf(head: string): Entry | undefined {
  const text = head.startsWith(beginning) ? cutTextAt(head) : undefined;
  if (text === undefined) return undefined;
  for (let less = 0; less < longestEscape; less++) {
    try {
      const entry = JSON.parse(`${head.slice(0, head.length - less)}${closing}`) as Entry;
      const isReply = entry.type === "assistant" || entry.type === "step_failed";
      return isReply ? { ...entry, content: entry.content ?? "", reasoning: entry.reasoning ?? "" } : entry;
    } catch {
      // It is cut within an escape sequence.
    }
  }
  return undefined;
}

/** The text of the entry that is cut off at the end; `undefined` where something else is. */
function cutTextAt(head: string): TextField | undefined {
  let [depth, from] = [0, -1];
  for (let i = 0; i < head.length; i++) {
    const code = head.charCodeAt(i);
    if (from >= 0) {
      if (code === 0x5c) i++;
      else if (code === 0x22) from = -1;
    } else if (code === 0x22) from = i;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  if (depth !== 1 || from < 0) return undefined;
  return textFields.find((name) => head.endsWith(`,"${name}":`, from));
}

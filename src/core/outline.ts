/** Makes an outline of a conversation when no model writes its summary: its oldest and newest questions and answers, shortened. Pure. */
import type { Entry } from "./entry.ts";

const longestLine = 300;
/** Characters of the summary before, of the oldest lines, and of the newest ones. */
const mostBefore = 4_000;
const mostOldest = 2_000;
const mostNewest = 4_000;

/** Lines of an outline; `entries` may come in pieces. */
export function outlineLines(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => {
    if (entry.type === "user") return [`The person: ${shortened(entry.content)}`];
    if (entry.type === "assistant" && entry.content !== "") return [`You: ${shortened(entry.content)}`];
    if (entry.type === "tool") return [`Tool ${entry.name}: ${shortened(entry.content)}`];
    return [];
  });
}

/** The oldest and the newest lines, after the summary before, if there was one. What is left out between them is counted. */
export function outline(before: string | undefined, lines: readonly string[]): string {
  const oldest = fitting(lines, mostOldest);
  const newest = fitting(lines.slice(oldest.length).toReversed(), mostNewest).toReversed();
  const left = lines.length - oldest.length - newest.length;
  const gap = left > 0 ? [`(${left} messages between are left out.)`] : [];
  return [...(before === undefined ? [] : [keepEnds(before, mostBefore)]), ...oldest, ...gap, ...newest].join("\n");
}

/** As many lines from the front as fit into so many characters. */
function fitting(lines: readonly string[], mostChars: number): string[] {
  let chars = 0;
  const end = lines.findIndex((line) => {
    chars += line.length;
    return chars > mostChars;
  });
  return lines.slice(0, end < 0 ? lines.length : end);
}

/** A text of at most about `mostChars` characters: its beginning, how much is left out, and its end. Halves no character. */
export function keepEnds(text: string, mostChars = Number.POSITIVE_INFINITY): string {
  if (text.length <= mostChars) return text;
  const head = text.slice(0, Math.ceil((mostChars * 2) / 3)).replace(/[\ud800-\udbff]$/, "");
  const tail = text.slice(text.length - Math.floor(mostChars / 3)).replace(/^[\udc00-\udfff]/, "");
  const left = text.length - head.length - tail.length;
  return `${head}\n(${left} characters are left out here.)\n${tail}`;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= longestLine ? line : `${line.slice(0, longestLine).toWellFormed()}…`;
}

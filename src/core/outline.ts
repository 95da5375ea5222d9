/** What is left of a conversation when no model writes its summary: what was asked and what was answered, shortened, the newest last. Pure. */
import type { Entry } from "./entry.ts";

const longestLine = 300;
const longestOutline = 6_000;

/** Lines of an outline; `entries` may come in pieces. */
export function outlineLines(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => {
    if (entry.type === "user") return [`The person: ${shortened(entry.content)}`];
    if (entry.type === "assistant" && entry.content !== "") return [`You: ${shortened(entry.content)}`];
    if (entry.type === "tool") return [`Tool ${entry.name}: ${shortened(entry.content)}`];
    return [];
  });
}

/** The newest lines that fit, behind the summary before, if there was one. */
export function outline(before: string | undefined, lines: readonly string[]): string {
  const kept: string[] = [];
  let length = 0;
  for (const line of lines.toReversed()) {
    length += line.length;
    if (length > longestOutline) break;
    kept.unshift(line);
  }
  const left = lines.length - kept.length;
  const lead = left > 0 ? [`(${left} earlier messages are left out.)`] : [];
  return [...(before === undefined ? [] : [before.slice(0, longestOutline)]), ...lead, ...kept].join("\n");
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= longestLine ? line : `${line.slice(0, longestLine).toWellFormed()}…`;
}

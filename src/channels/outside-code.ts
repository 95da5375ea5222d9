/** Finds what of a Markdown text is code (CommonMark 0.31: 4.5 fenced code blocks, 6.1 code spans), so that a change can leave code as it was written. Linear in the text. Pure. */

/** A part of the text. */
interface TextSpan {
  text: string;
  isCode: boolean;
  /** It begins with backticks that nothing closes yet: whether it is code is decided by what comes. */
  isOpen?: boolean;
}

const fenceStart = /^ {0,3}(`{3,}(?=[^`\n]*\n?$)|~{3,})/;

/**
 * The text with `change` made to all that is no code.
 * @param how.grows more text comes: what may still become code is left out, from where it begins, when `change` would change
 * it. So a longer text never changes what was returned for a shorter one.
 */
export function changeOutsideCode(
  text: string,
  change: (plain: string) => string,
  { grows = false }: { grows?: boolean } = {},
): string {
  let changed = "";
  for (const { text: part, isCode, isOpen } of partsOf(grows ? text.replace(/`+$/, "") : text)) {
    const now = isCode ? part : change(part);
    if (grows && isOpen && now !== part) return changed;
    changed += now;
  }
  return changed;
}

/** All of the text, in order. */
function partsOf(text: string): TextSpan[] {
  const parts: TextSpan[] = [];
  let paragraph = "";
  let fence: string | undefined;
  const endParagraph = (isLast: boolean) => {
    parts.push(...spansOf(paragraph, isLast));
    paragraph = "";
  };
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    if (fence !== undefined) {
      parts.push({ text: line, isCode: true });
      if (closes(line, fence)) fence = undefined;
      continue;
    }
    const isWhole = line.endsWith("\n");
    fence = fenceStart.exec(line)?.[1];
    // A line that has not ended may still become one of the paragraph, and no fence by a backtick in it.
    if (fence !== undefined || (isWhole && line.trim() === "")) endParagraph(!isWhole);
    if (fence === undefined) paragraph += line;
    else parts.push({ text: line, isCode: isWhole, ...(!isWhole && { isOpen: true }) });
  }
  endParagraph(true);
  return parts;
}

function closes(line: string, fence: string): boolean {
  const run = /^ {0,3}(`{3,}|~{3,})[ \t]*\n?$/.exec(line)?.[1];
  return run !== undefined && run[0] === fence[0] && run.length >= fence.length;
}

/** The code spans of a paragraph and what is between them. `isLast`: more of it may come. */
function spansOf(paragraph: string, isLast: boolean): TextSpan[] {
  const runs = [...paragraph.matchAll(/`+/g)].map(({ index, 0: { length } }) => ({ index, length }));
  const closedBy = closers(runs);
  const parts: TextSpan[] = [];
  let from = 0;
  let open: number | undefined;
  for (let at = 0; at < runs.length; at++) {
    const [run, closer] = [runs[at], closedBy[at]];
    if (run === undefined) break;
    if (closer === undefined) {
      open ??= run.index;
      continue;
    }
    const [start, end] = [run.index, (runs[closer]?.index ?? 0) + run.length];
    parts.push(...plain(paragraph.slice(from, start), isLast && open !== undefined ? open - from : undefined));
    parts.push({ text: paragraph.slice(start, end), isCode: true });
    from = end;
    at = closer;
  }
  return [...parts, ...plain(paragraph.slice(from), isLast && open !== undefined ? open - from : undefined)];
}

/** By place of a run, the place of the next one of the same length. */
function closers(runs: readonly { length: number }[]): (number | undefined)[] {
  const next = new Map<number, number>();
  const found: (number | undefined)[] = [];
  for (let at = runs.length - 1; at >= 0; at--) {
    const length = runs[at]?.length ?? 0;
    found[at] = next.get(length);
    next.set(length, at);
  }
  return found;
}

/** `open`: from where on what comes may decide. */
function plain(text: string, open: number | undefined): TextSpan[] {
  const decided = open === undefined ? text.length : Math.max(0, open);
  return [
    { text: text.slice(0, decided), isCode: false },
    { text: text.slice(decided), isCode: false, isOpen: true },
  ].filter((part) => part.text !== "");
}

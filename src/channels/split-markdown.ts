/** Cuts Markdown into pieces that each can be read alone: a code fence that is cut is closed at the cut and opened again after it. Stable while the text grows: a piece that is not the last never changes. Pure. */

/** A code fence that is open. */
interface Fence {
  /** Its marks, with their indentation: a fence in a list ends at that depth only. */
  marks: string;
  /** The line that opened it. */
  opener: string;
}

/** The beginning of the rest, as far as a cut may depend on it. */
interface Window {
  /** One unit more than fits. */
  text: string;
  /** The last place where a cut leaves space for a closing fence. */
  most: number;
  /** A cut comes after this place: half of the piece. */
  least: number;
  open: Fence | undefined;
}

/** Most UTF-16 units (60 or more) of the piece at `place` whose text begins with `rest`. It must depend on the beginning of `rest` alone, so that finished pieces never change. */
export type PieceLimit = (place: number, rest: string) => number;

/** The limit that keeps a piece within so many UTF-8 bytes; 100 of them are kept for fences that are closed and opened again. */
export function byteLimit(bytesOf: (place: number) => number): PieceLimit {
  return (place, rest) => unitsWithin(rest, bytesOf(place) - 100);
}

/** How many UTF-16 units of `text` fit into `bytes` of UTF-8; `bytes` where the whole text fits. */
function unitsWithin(text: string, bytes: number): number {
  let used = 0;
  for (let at = 0; at < text.length && at <= bytes; at++) {
    const unit = text.charCodeAt(at);
    // Half of a pair counts as two of the pair's four bytes.
    used += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
    if (used > bytes) return at;
  }
  return bytes;
}

/**
 * Pieces of at most `limit` UTF-16 units (60 or more), added fences included. White space at cuts is left out, and empty pieces.
 * A fence that the text itself leaves open stays open in the last piece, so that the piece only grows at its end.
 */
export function splitMarkdown(text: string, limit: number | PieceLimit): string[] {
  const pieces: string[] = [];
  let rest = text.trimEnd();
  let open: Fence | undefined;
  while (rest !== "") {
    const units = typeof limit === "number" ? limit : limit(pieces.length, rest);
    const opener = reopened(open, units);
    const room = units - opener.length;
    if (rest.length <= room) {
      pieces.push(opener + rest);
      break;
    }
    const at = placeOfCut(windowOf(rest, room, open));
    const piece = rest.slice(0, at).trimEnd();
    const after = fenceAfter(piece, open);
    if (piece.trim() !== "") pieces.push(opener + piece + (after === undefined ? "" : `\n${after.marks}`));
    ({ rest, open } = restAfter(rest.slice(at), after));
  }
  return pieces;
}

/** The line that opens a fence again; without the text after its marks where that is too long to repeat. */
function reopened(fence: Fence | undefined, limit: number): string {
  if (fence === undefined) return "";
  return `${fence.opener.length < limit / 4 ? fence.opener : fence.marks}\n`;
}

function windowOf(rest: string, room: number, open: Fence | undefined): Window {
  // Not a unit more: what a growing text has there is not known yet when the piece must end.
  const text = rest.slice(0, room + 1);
  const marks = [...text.matchAll(fenceLine)].map(([, run = ""]) => run);
  const lengths = [open?.marks ?? "", ...marks].filter(mayOpen).map((run) => run.length + 1);
  const most = Math.max(1, room - Math.max(0, ...lengths));
  return { text, most, least: Math.floor(most / 2), open };
}

/**
 * Longest blank line, and longest line that may end a block of code, right after a cut. Longer ones stay as they are: to look
 * for their ends again at each piece would take time that grows with the square of the text.
 */
const longestLook = 1_000;
const blankLines = new RegExp(`^(?:[^\\S\\n]{0,${longestLook}}\\n)+`);
const leadingSpaces = new RegExp(`^[^\\S\\n]{1,${longestLook}}(?!\\s|\`{3}|~{3})`);

/** White space goes; in code, only the lines that are blank, since indentation counts there. */
function restAfter(rest: string, open: Fence | undefined): { rest: string; open: Fence | undefined } {
  const begun = rest.replace(blankLines, "");
  // Four spaces before marks make them plain text: without the spaces they would be a fence.
  if (open === undefined) return { rest: begun.replace(leadingSpaces, ""), open };
  // The fence was closed at the cut: its own end would only close an empty block.
  const line = begun.slice(0, longestLook).split("\n", 1)[0] ?? "";
  if (line.length === longestLook) return { rest: begun, open };
  return fenceAfter(line, open) === undefined ? restAfter(begun.slice(line.length), undefined) : { rest: begun, open };
}

const fenceLine = /(?<=^|\n)( {0,3}(?:`{3,}|~{3,}))([^\n]*)/g;

/** Longer runs of marks are rulers that a person drew, and there is no space to repeat them. */
const mayOpen = (marks: string) => marks !== "" && marks.trim().length <= 12;

/** The fence that is open after `text`, by CommonMark 4.5. */
function fenceAfter(text: string, before: Fence | undefined): Fence | undefined {
  let open = before;
  for (const [line, marks = "", info = ""] of text.matchAll(fenceLine)) {
    const [run, isTicks] = [marks.trim(), marks.endsWith("`")];
    if (open === undefined) {
      if (mayOpen(marks) && !(isTicks && info.includes("`"))) open = { marks, opener: line.trimEnd() };
    } else {
      const opened = open.marks.trim();
      if (info.trim() === "" && run[0] === opened[0] && run.length >= opened.length) open = undefined;
    }
  }
  return open;
}

function placeOfCut(window: Window): number {
  const { text, least } = window;
  const lines = linesOf(window);
  const fit = lines.filter(({ end, isOpener }) => end > least && !isOpener);
  const outside = fit.filter(({ after }) => after === undefined);
  const line = outside.findLast(({ isBlank }) => isBlank) ?? outside.at(-1) ?? fit.at(-1);
  if (line !== undefined) return line.end;
  // No cut in the line that opens a fence, or right after it; before it there may be one, even an early one.
  const early = lineBeforeOpener(lines, window);
  if (early !== undefined && text.slice(0, early.end).trim() !== "") return early.end;
  const last = lines.at(-1);
  return placeInLine(window, last?.isOpener ? Math.max(least, last.end + 1) : least);
}

/** The line before the one that opens a fence where the window ends. */
function lineBeforeOpener(lines: MarkdownLine[], { text, most }: Window): MarkdownLine | undefined {
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  if (last.isOpener && last.end + 1 >= most) return lines.at(-2);
  const cutLine = text.slice(last.end + 1).split("\n", 1)[0] ?? "";
  return last.after === undefined && fenceAfter(cutLine, undefined) !== undefined ? last : undefined;
}

interface MarkdownLine {
  /** The position of its line end. */
  end: number;
  /** The fence that is open after it. */
  after: Fence | undefined;
  isBlank: boolean;
  /** A cut right after it would leave an empty block. */
  isOpener: boolean;
}

/** The lines that end where a cut may be. */
function linesOf({ text, most, open }: Window): MarkdownLine[] {
  const lines: MarkdownLine[] = [];
  let before = open;
  for (let start = 0, end = text.indexOf("\n"); end >= 0 && end <= most; end = text.indexOf("\n", start)) {
    const line = text.slice(start, end);
    const after = fenceAfter(line, before);
    const isOpener = before === undefined && after !== undefined;
    lines.push({ end, after, isBlank: line.trim() === "", isOpener });
    before = after;
    start = end + 1;
  }
  return lines;
}

/** A place in a line that is longer than a piece: after a sentence, else a word, else any character, but in no link where there is a choice. */
function placeInLine({ text, most }: Window, least: number): number {
  const links = [...text.matchAll(/!?\[[^[\]\n]*(?:$|\](?:$|\([^[)\n]*(?:\)|$)))/g)];
  const linkAt = (at: number) => linkAround(links, at);
  const places = [/[.!?…]["'”’)\]*_]*(?=\s)|[。！？]["'”’」』）)]*/g, /(?=\s)/g].flatMap((pattern) =>
    [...text.slice(least).matchAll(pattern)]
      .map(({ index, 0: end }) => least + index + end.length)
      .filter((at) => at > least && at <= most && !/^\s*(?:`{3}|~{3})/.test(text.slice(at, at + 8)))
      .toReversed(),
  );
  const anywhere = endOfCharacter(text, most, least);
  const beforeLink = linkAt(anywhere)?.index ?? anywhere;
  return places.find((at) => linkAt(at) === undefined) ?? (beforeLink > least ? beforeLink : (places[0] ?? anywhere));
}

/** The link that a place is inside of; `links` do not overlap, and are in order. */
function linkAround(links: readonly RegExpExecArray[], at: number): RegExpExecArray | undefined {
  let [from, to] = [0, links.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((links[middle]?.index ?? 0) < at) from = middle + 1;
    else to = middle;
  }
  const link = links[from - 1];
  return link !== undefined && at < link.index + link[0].length ? link : undefined;
}

let segmenter: Intl.Segmenter | undefined;

/** The last place at or before `most` that splits no character. Only what is before the last unit of `text` is known to be whole: that unit may be half a pair. */
function endOfCharacter(text: string, most: number, least: number): number {
  const isHalf = most === text.length - 1 && /[\ud800-\udbff]$/.test(text);
  // Not while the Worker starts: the first object of Intl loads the tables of all languages, which takes 8 ms.
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  const at = segmenter.segment(text).containing(isHalf ? most - 1 : most)?.index ?? most;
  if (at > least) return at;
  return most > 1 && /[\udc00-\udfff]/.test(text.charAt(most)) ? most - 1 : most;
}

/**
 * Decides whether a text can be drawn as Markdown at all. The parser calls itself for each level of quotes and lists, and reads a
 * block once more for each mark in it that opens something: 64,000 `!` take it 7 s, 4,000 `>` its stack. Pure.
 */

const longestText = 500_000;
/** Quotes and lists inside one another. */
const deepestBlocks = 40;
/** Marks times characters of a block, summed up; about 50 ms. */
const mostWork = 64_000_000;

const opensInline = new Set([..."!*_`[<~@&:\\"]);

/** False for a text that must be shown as it is written. */
export function isDrawable(text: string): boolean {
  if (text.length > longestText) return false;
  let fence = "";
  let block = { marks: 0, length: 0 };
  let work = 0;
  for (const line of text.split("\n")) {
    const run = fenceIn(line);
    if (fence !== "") {
      if (run.startsWith(fence) && line.trim() === run) fence = "";
      continue;
    }
    if (run !== "") {
      fence = run;
      continue;
    }
    const { levels, isItem } = levelsOf(line);
    if (levels > deepestBlocks) return false;
    if (isItem || line.trim() === "") {
      work += block.marks * block.length;
      block = { marks: 0, length: 0 };
    }
    block = { marks: block.marks + marksIn(line), length: block.length + line.length };
    if (work + block.marks * block.length > mostWork) return false;
  }
  return true;
}

/** The marks that open or close a block of code in this line. */
function fenceIn(line: string): string {
  return /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1] ?? "";
}

/** How many quotes and lists the line's beginning opens, indentation counted, and whether it begins an item or a row of a table. */
function levelsOf(line: string): { levels: number; isItem: boolean } {
  let levels = 0;
  let spaces = 0;
  const mark = /[ \t]+|>|[-*+](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$)/y;
  for (let found = mark.exec(line); found !== null && levels <= deepestBlocks; found = mark.exec(line)) {
    if (/^[ \t]/.test(found[0])) spaces += found[0].length;
    else levels++;
  }
  const isItem = levels > 0 || line.startsWith("|");
  // Two columns are the least that a list inside a list is indented by.
  return { levels: levels === 0 ? 0 : levels + Math.floor(spaces / 4), isItem };
}

function marksIn(line: string): number {
  let marks = 0;
  for (let at = 0; at < line.length; at++) if (opensInline.has(line.charAt(at))) marks++;
  return marks;
}

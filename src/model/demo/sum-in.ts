/** Finds a sum in a question, written in signs or a few words, and returns it in the form that the calculator reads. Never works it out. Pure. */

const spellings: [RegExp, string][] = [
  // Addresses, dates and clock times have signs between their digits, and are no sums.
  [/\bhttps?:\S+|\b\d{4}-\d\d-\d\d\b|\b\d{1,2}:\d\d(?:\s*[-–]\s*\d{1,2}:\d\d)?/gi, ";"],
  [/[$€£]/g, ""],
  [/\btimes\b|(?<=\d\s*)x(?=\s*\d)/gi, "*"],
  [/\bplus\b/gi, "+"],
  [/\bminus\b|−/gi, "-"],
  [/\bdivided by\b/gi, "/"],
];
const share = /\d[\d.,]*\s*%\s*of\s*\d[\d.,]*/i;
const chain = /(?:(?<![\w)])-)?\(*\s*-?\d[\d.,]*%?(?:\s*\))*(?:\s*[-+*/^×÷]\s*-?\(*\s*-?\d[\d.,]*%?(?:\s*\))*)+/;

/** The first sum, such as `17% of 2,450` or `12 * (3+4)`; `undefined` when there is none. */
export function sumIn(ask: string): string | undefined {
  const text = spellings.reduce((so, [pattern, sign]) => so.replace(pattern, sign), ask);
  const sum = share.exec(text)?.[0] ?? chain.exec(text)?.[0];
  return sum === undefined ? undefined : balanced(sum.trim().replace(/[.,]+$/, ""));
}

/** Without the parentheses that belong to the sentence around it. */
function balanced(sum: string): string {
  let open = 0;
  const closed = sum.replace(/[()]/g, (sign) => {
    if (sign === ")" && open === 0) return "";
    open += sign === "(" ? 1 : -1;
    return sign;
  });
  return Array.from({ length: open })
    .reduce<string>((so) => so.replace("(", ""), closed)
    .trim();
}

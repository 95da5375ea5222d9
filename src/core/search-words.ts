/** Prepares texts and search queries for full-text search. Chinese, Japanese and Thai are written without spaces: each of their characters is a word, and neighbours are looked for together. Pure. */

const unspaced = "[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}]";
/** Matches at least all of these scripts. The patterns that name scripts are made for texts that need them only: the first of a process loads Unicode's tables, which takes 4 ms. */
const mayBeUnspaced = /[\u0e00-\uffff]/;
let unspacedEach: RegExp | undefined;
let unspacedRun: RegExp | undefined;
const mostWords = 32;
/** Of a longer question only the beginning counts. */
const longestQuery = 2_000;

/** The text as it is indexed. */
export function searchable(text: string): string {
  const normal = text.normalize("NFC");
  if (!mayBeUnspaced.test(normal)) return normal;
  unspacedEach ??= new RegExp(unspaced, "gu");
  return normal.replaceAll(unspacedEach, " $& ");
}

/** What was indexed, as people write it. */
export function readable(snippet: string): string {
  unspacedRun ??= new RegExp(`(${unspaced}) +(?=${unspaced})`, "gu");
  return snippet.replaceAll(/ +/g, " ").replaceAll(unspacedRun, "$1").trim();
}

/** The words of a question as FTS5 phrases, each quoted: a person's words are never operators. */
function phrases(query: string): string[] {
  const words =
    query
      .slice(0, longestQuery)
      .normalize("NFC")
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.slice(0, mostWords).map((word) => `"${searchable(word).replaceAll(/ +/g, " ").trim()}"`);
}

/** An FTS5 expression that any of the words satisfies; `undefined` when there are none. */
export function anyOf(query: string): string | undefined {
  const words = phrases(query);
  return words.length === 0 ? undefined : words.join(" OR ");
}

/** An FTS5 expression that all of the words satisfy, where the last one may go on: it is perhaps still being typed. */
export function allOf(query: string): string | undefined {
  const words = phrases(query);
  return words.length === 0 ? undefined : `${words.join(" AND ")}*`;
}

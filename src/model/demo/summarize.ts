/** Summarises a transcript by picking sentences, and finds who promised what by when. All of its sentences are from the text. Pure. */
import { dueIn } from "./due-dates.ts";
import { shorten } from "./shorten.ts";

interface SummaryLine {
  speaker: string;
  text: string;
}

interface ActionItem {
  what: string;
  owner: string;
  due: string;
}

/** As many bullets as requested, and the action items where they are requested. `today`: YYYY-MM-DD, if it is known. */
export function reportOn({ ask, material }: { ask: string; material: string }, today?: string): string {
  const lines = linesOf(material);
  const count = bulletCount(ask);
  const bullets = bulletsOf(lines.length < 2 * count ? lines.flatMap(sentencesOf) : lines, count).map(
    (line) => `- ${line}`,
  );
  const parts = [`**Summary**\n\n${bullets.join("\n")}`];
  if (/\b(action items?|to-?dos?|tasks)\b/i.test(ask)) parts.push(tableOf(actionItems(lines, today), today));
  return parts.join("\n\n");
}

/** `[09:02] Name: text`, `Name (09:02): text` or plain text; continuation lines belong to the speaker before. */
function linesOf(material: string): SummaryLine[] {
  const lines: SummaryLine[] = [];
  // Not only "\n": the dot below stops at each of these.
  for (const raw of material.split(/\r\n|[\n\r\u2028\u2029]/)) {
    const spoken =
      /^\s*(?:\[?\d{1,2}:\d\d(?::\d\d)?\]?\s*)?(\p{Lu}[\p{L}'.-]*(?: \p{Lu}[\p{L}'.-]*){0,2})(?:\s*\([^)]*\))?:\s+(.+)$/u.exec(
        raw,
      );
    if (spoken?.[1] !== undefined && spoken[2] !== undefined)
      lines.push({ speaker: spoken[1], text: spoken[2].trim() });
    else if (raw.trim() !== "" && !/^[-=#*]{3}/.test(raw.trim()))
      lines.push({ speaker: lines.at(-1)?.speaker ?? "", text: raw.trim() });
  }
  return lines;
}

function sentencesOf({ speaker, text }: SummaryLine): SummaryLine[] {
  return text.split(sentenceEnd).map((sentence) => ({ speaker, text: sentence }));
}

const sentenceEnd = /(?<=[.!?])\s+|(?<=。)/;
const counts = "zero one two three four five six seven eight nine ten".split(" ");
const countOf = new RegExp(
  String.raw`\b(\d{1,2}|${counts.join("|")})\s+(?:\w+\s+)?(?:bullets?|points|sentences|lines)`,
  "i",
);

function bulletCount(ask: string): number {
  const requested = countOf.exec(ask)?.[1];
  if (requested === undefined) return 3;
  const number = counts.indexOf(requested.toLowerCase());
  return Math.max(1, number < 0 ? Number(requested) : number);
}

/** The weightiest sentences, one at most per stretch of the text, in the order of the text. */
function bulletsOf(lines: readonly SummaryLine[], count: number): string[] {
  const frequency = frequencies(lines);
  const scored = lines.map(({ speaker, text }, place) => ({ speaker, text, place, score: weight(text, frequency) }));
  const start = (n: number) => Math.floor((n * lines.length) / count);
  const best = Array.from({ length: count }, (_, n) => {
    return scored.slice(start(n), start(n + 1)).toSorted((a, b) => b.score - a.score)[0];
  });
  return best.flatMap((line) =>
    line === undefined
      ? []
      : [line.speaker === "" ? shorten(line.text, 220) : `${shorten(line.text, 220)} (${line.speaker})`],
  );
}

function frequencies(lines: readonly SummaryLine[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const { text } of lines) for (const word of wordsOf(text)) counted.set(word, (counted.get(word) ?? 0) + 1);
  return counted;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}{5,}/gu) ?? [];
}

function weight(text: string, frequency: Map<string, number>): number {
  const words = wordsOf(text);
  const common = words.reduce((sum, word) => sum + Math.log(frequency.get(word) ?? 1), 0) / Math.max(4, words.length);
  const concluded = /\b(decided|decision:|to sum up|in short|conclusion)/i.test(text) ? 6 : 0;
  const agreed = /\b(agree|we go with|we will|approved|settled)/i.test(text) ? 3 : 0;
  const figures = /\d/.test(text) ? 0.5 : 0;
  const question = /\?\s*$/.test(text) ? -3 : 0;
  return common + concluded + agreed + figures + question + Math.min(text.length, 160) / 200;
}

function actionItems(lines: readonly SummaryLine[], today: string | undefined): ActionItem[] {
  const speakers = new Set(lines.map(({ speaker }) => speaker.split(" ")[0] ?? ""));
  const items = lines.flatMap(({ speaker, text }) =>
    text.split(sentenceEnd).flatMap((sentence) => itemIn(sentence, speaker, speakers, today) ?? []),
  );
  const seen = new Set<string>();
  return items.filter(({ what }) => !seen.has(what) && seen.add(what));
}

/** A promise ("I'll …", "Action: Name to …") with its owner; only promises with a date count, unless they are named as actions. */
function itemIn(
  sentence: string,
  speaker: string,
  speakers: ReadonlySet<string>,
  today?: string,
): ActionItem | undefined {
  const named = /\baction(?: item)?:\s*(\p{Lu}\p{L}*)\s+(?:to|will)\s+(.+)/iu.exec(sentence);
  const own = /\b(?:I['’]ll|I will|I['’]m going to|I can|I take|let me)\s+(.+)/i.exec(sentence);
  const assigned = /^(?:\w+, )?(\p{Lu}\p{L}*)(?:,)? (?:to|will|please|can you|could you|you)\s+(.+)/u.exec(sentence);
  const other = assigned !== null && speakers.has(assigned[1] ?? "") ? assigned : null;
  const owner = named?.[1] ?? (other === null ? speaker : other[1]);
  const what = named?.[2] ?? other?.[2] ?? own?.[1];
  if (what === undefined || owner === undefined || owner === "") return undefined;
  // "By Friday I'll …" names the date before the promise.
  const due = dueIn(what, today) ?? dueIn(sentence, today);
  if (due === undefined && named === null) return undefined;
  return { what: shorten(what.replace(/[.!?]$/, ""), 110), owner, due: due ?? "not said" };
}

function tableOf(items: readonly ActionItem[], today: string | undefined): string {
  if (items.length === 0) return "**Action items**\n\nI found none with an owner.";
  const rows = items.map(({ what, owner, due }) => `| ${what.replaceAll("|", "/")} | ${owner} | ${due} |`);
  const note = today === undefined ? "" : `\n\nRelative dates are counted from today, ${today}.`;
  return `**Action items**\n\n| What | Owner | Due |\n|---|---|---|\n${rows.join("\n")}${note}`;
}

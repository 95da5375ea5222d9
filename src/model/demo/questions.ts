/** Understands a question just well enough for a demo: what is requested, about which text, and which tools would help. Pure. */
import type { DemoMessage } from "./request-rules.ts";
import { sumIn } from "./sum-in.ts";

export interface Question {
  kind: "report" | "talk";
  /** The request, without the attached text. */
  ask: string;
  /** The long text it is about; `""` when there is none. */
  material: string;
}

export interface Want {
  tool: string;
  args: Record<string, unknown>;
}

/** From how many characters on the words after a question count as a text; and an earlier message, from how many. */
const shortestText = 80;
const longText = 500;
/** A question is looked for in so many characters; patterns over a whole book would take for ever. */
const longestAsk = 2_000;
/** Words that request a summary or its action items. */
export const asksForReport = /\b(summar|bullet|action items?|key points|tl;?dr)/i;

/** The question in message `at`; the text it is about may be in an earlier message. */
export function questionOf(messages: readonly DemoMessage[], at: number): Question {
  const content = plainEnds(messages[at]?.content);
  const talk: Question = { kind: "talk", ask: content.slice(0, longestAsk), material: "" };
  const [ask, attached] = split(content);
  if (!asksForReport.test(ask)) return talk;
  const earlier = messages
    .slice(0, at)
    .filter((message) => message.role === "user" && (message.content ?? "").length >= longText)
    .map((message) => split(plainEnds(message.content)))
    // A message without a request is all text.
    .map(([first, rest]) => (asksForReport.test(first) || rest.length >= longText ? rest : `${first}\n${rest}`));
  const material = attached.length >= shortestText ? attached : earlier.at(-1);
  return material === undefined ? talk : { kind: "report", ask, material };
}

function plainEnds(content: string | null | undefined): string {
  return (content ?? "").replaceAll("\r\n", "\n");
}

/** The request and the attached text: the first paragraph, line, or words before a colon, and the rest; or the last paragraph, when that one holds the request. */
function split(content: string): [ask: string, attached: string] {
  const parts = (end: number): [string, string] => [content.slice(0, end), content.slice(end).replace(/^[:\s]+/, "")];
  const last = content.lastIndexOf("\n\n");
  if (last > 0 && content.length - last <= longestAsk && asksForReport.test(content.slice(last))) {
    const [before, ask] = [content.slice(0, last), content.slice(last).trim()];
    if (!asksForReport.test(before.slice(0, longestAsk).split(/\n\s*\n/, 1)[0] ?? "")) return [ask, before];
  }
  const head = content.slice(0, longestAsk);
  const ends = [head.search(/\n\s*\n/), head.indexOf("\n"), head.search(/:\s/)].filter((end) => end > 0);
  return parts(ends[0] ?? longestAsk);
}

/** Whether a report needs to know what day it is. */
const asksForDates = /\b(action items?|to-?dos?|tasks|due|deadlines?|dates?|owners?)\b/i;

/** The calls that would help, of tools that are offered. */
export function wantsOf({ kind, ask }: Question, offered: readonly string[]): Want[] {
  const report = [asksForDates.test(ask) ? time({}) : undefined];
  const webWant = sendWant(ask) ?? pageWant(ask);
  const talk = [...timeWants(ask), sumWant(ask), webWant, searchWant(ask)];
  const wants = kind === "report" ? report : talk;
  return wants.filter((want) => want !== undefined).filter(({ tool }) => offered.includes(tool));
}

const cities =
  "Asia/Tokyo Europe/London Europe/Berlin Europe/Paris America/New_York America/Los_Angeles Asia/Shanghai Australia/Sydney";
/** By the city's name; a few cities have that of another. */
const zones: Record<string, string> = {
  ...Object.fromEntries(
    cities.split(" ").map((zone) => [zone.replace(/.*\//, "").replace("_", " ").toLowerCase(), zone]),
  ),
  "san francisco": "America/Los_Angeles",
  beijing: "Asia/Shanghai",
  "são paulo": "America/Sao_Paulo",
};

function time(args: { timezone?: string }): Want {
  return { tool: "current_time", args };
}

const asksForTime =
  /\b(?:what(?:'s|’s| is)?|which|tell me|know|current|today['’]?s) (?:(?:the|today['’]?s|current|local) )*(?:time|date|day|weekday)\b/i;

const places = new RegExp(
  String.raw`\b(?:(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:/\w+)+|${Object.keys(zones).join("|")})\b`,
  "gi",
);

/** One for each place that is named. */
function timeWants(ask: string): Want[] {
  if (!asksForTime.test(ask)) return [];
  const named = [...ask.matchAll(places)].map(([place]) => zones[place.toLowerCase()] ?? place);
  return named.length === 0 ? [time({})] : [...new Set(named)].map((timezone) => time({ timezone }));
}

function sumWant(ask: string): Want | undefined {
  const expression = sumIn(ask);
  return expression === undefined ? undefined : { tool: "calculator", args: { expression } };
}

function pageWant(ask: string): Want | undefined {
  const url = /\bhttps?:\/\/(?:[^\s"'<>()]|\([^\s"'<>()]*\))+/i.exec(ask)?.[0];
  return url === undefined ? undefined : { tool: "fetch_url", args: { url: url.replace(/[.,;!?]+$/, "") } };
}

/** "Post `{"a":1}` to https://…": what is sent is between the verb and the address. */
function sendWant(ask: string): Want | undefined {
  const [, verb = "", what = "", url = ""] =
    /\b(post|put|patch|send)\b\s+(.*?)\s+to\s+(https?:\/\/[^\s"'<>()]+)/is.exec(ask) ?? [];
  if (url === "") return undefined;
  const method = verb.toLowerCase() === "send" ? "POST" : verb.toUpperCase();
  const body = what.replace(/^["'`“]|["'`”]$/g, "");
  return { tool: "send_request", args: { method, url: url.replace(/[.,;!?]+$/, ""), body } };
}

function searchWant(ask: string): Want | undefined {
  const about =
    /\b(?:did|have|had)\s+(?:we|i|you)\b.*?\b(?:sa(?:y|id)|talk|mention|discuss|decide|agree|write|written)(?:e?d)?\b\s*(?:about|on|of)?\s*(.*)/i.exec(
      ask,
    );
  const query = about?.[1] ?? /\b(?:search|look up|find)\b.*?\b(?:for|about)\b\s+(.*)/i.exec(ask)?.[1];
  const words = query?.replace(/[?!.]+\s*$/, "").trim();
  return words ? { tool: "search_transcript", args: { query: words } } : undefined;
}

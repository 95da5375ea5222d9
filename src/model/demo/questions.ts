/** Understands a question just well enough for a demo: what is asked, about which text, and which tools would help. Pure. */
import type { DemoMessage } from "./request-rules.ts";

export interface Question {
  kind: "report" | "talk";
  /** What is asked, without what is attached. */
  ask: string;
  /** The long text it is about; `""` when there is none. */
  material: string;
}

export interface Want {
  tool: string;
  args: Record<string, unknown>;
}

/** What stands behind a question is a text from so many characters on; an earlier message, from so many. */
const shortestText = 80;
const longText = 500;
/** A question is looked for in so many characters; patterns over a whole book would take for ever. */
const longestAsk = 2_000;
/** Words that ask for a summary or its action items. */
export const asksForReport = /\b(summar|bullet|action items?|key points|tl;?dr)/i;

/** The question in message `at`; the text it is about may stand in an earlier message. */
export function questionOf(messages: readonly DemoMessage[], at: number): Question {
  const content = messages[at]?.content ?? "";
  const talk: Question = { kind: "talk", ask: content.slice(0, longestAsk), material: "" };
  const [ask, attached] = split(content);
  if (!asksForReport.test(ask)) return talk;
  const earlier = messages
    .slice(0, at)
    .filter((message) => message.role === "user" && (message.content ?? "").length >= longText)
    .map((message) => split(message.content ?? ""))
    // A message that asked nothing was all text.
    .map(([first, rest]) => (asksForReport.test(first) || rest.length >= longText ? rest : `${first}\n${rest}`));
  const material = attached.length >= shortestText ? attached : earlier.at(-1);
  return material === undefined ? talk : { kind: "report", ask, material };
}

/** What asks and what is attached: the first paragraph, line, or words before a colon, and the rest; or the last paragraph, when that one asks. */
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
  const wants = kind === "report" ? report : [timeWant(ask), sumWant(ask), pageWant(ask), searchWant(ask)];
  return wants.filter((want) => want !== undefined).filter(({ tool }) => offered.includes(tool));
}

const zones: Record<string, string> = {
  tokyo: "Asia/Tokyo",
  london: "Europe/London",
  berlin: "Europe/Berlin",
  paris: "Europe/Paris",
  madrid: "Europe/Madrid",
  "new york": "America/New_York",
  chicago: "America/Chicago",
  "san francisco": "America/Los_Angeles",
  "los angeles": "America/Los_Angeles",
  "são paulo": "America/Sao_Paulo",
  mumbai: "Asia/Kolkata",
  singapore: "Asia/Singapore",
  shanghai: "Asia/Shanghai",
  beijing: "Asia/Shanghai",
  sydney: "Australia/Sydney",
};

function time(args: { timezone?: string }): Want {
  return { tool: "current_time", args };
}

const asksForTime =
  /\b(?:what(?:'s|’s| is)?|which|tell me|current|today['’]?s) (?:(?:the|today['’]?s|current|local) )*(?:time|date|day|weekday)\b/i;

function timeWant(ask: string): Want | undefined {
  if (!asksForTime.test(ask)) return undefined;
  const named = /\b[A-Z][a-z]+\/[A-Z][A-Za-z_]+\b/.exec(ask)?.[0];
  const city = Object.keys(zones).find((name) => ask.toLowerCase().includes(name));
  const timezone = named ?? (city === undefined ? undefined : zones[city]);
  return time(timezone === undefined ? {} : { timezone });
}

function sumWant(ask: string): Want | undefined {
  const text = ask
    .replace(/\bhttps?:\S+/g, "")
    .replace(/\btimes\b/gi, "*")
    .replace(/\bplus\b/gi, "+")
    .replace(/\bminus\b/gi, "-")
    .replace(/\bdivided by\b/gi, "/");
  const share = /\d[\d.,]*\s*%\s*of\s*\d[\d.,]*\d|\d[\d.,]*\s*%\s*of\s*\d/i.exec(text)?.[0];
  const sum = share ?? /\(*\s*\d[\d.,]*\)*(\s*[-+*/^×÷]\s*\(*\s*\d[\d.,]*(?:\s*\))*)+/.exec(text)?.[0];
  // A date such as 2026-11-23 looks like a sum and is none.
  if (sum === undefined || /^\d{4}-\d\d-\d\d$/.test(sum.trim())) return undefined;
  return { tool: "calculator", args: { expression: sum.trim().replace(/[.,]$/, "") } };
}

function pageWant(ask: string): Want | undefined {
  const url = /\bhttps?:\/\/[^\s"'<>)]+/i.exec(ask)?.[0];
  return url === undefined ? undefined : { tool: "fetch_url", args: { url: url.replace(/[.,;!?]$/, "") } };
}

function searchWant(ask: string): Want | undefined {
  const about =
    /\b(?:did|have|had)\s+(?:we|i|you)\b.*?\b(?:say|said|talk|talked|mention|mentioned|discuss|discussed|decide|decided|agree|agreed|write|written)\b\s*(?:about|on|of)?\s*(.*)/i.exec(
      ask,
    );
  const query = about?.[1] ?? /\b(?:search|look up|find)\b.*?\b(?:for|about)\b\s+(.*)/i.exec(ask)?.[1];
  const words = query?.replace(/[?!.]+\s*$/, "").trim();
  return words ? { tool: "search_transcript", args: { query: words } } : undefined;
}

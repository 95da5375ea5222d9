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

/** A text this long is worth a summary. */
const longText = 500;

/** The question in message `at`; the text it is about may stand in an earlier message. */
export function questionOf(messages: readonly DemoMessage[], at: number): Question {
  const [ask, attached] = split(messages[at]?.content ?? "");
  if (!/\b(summar|bullet|action items?|key points|tl;?dr)/i.test(ask)) return { kind: "talk", ask, material: attached };
  const earlier = messages
    .slice(0, at)
    .filter(({ role }) => role === "user")
    .map(({ content }) => split(content ?? "")[1]);
  const material = [attached, ...earlier.reverse()].find((text) => text.length >= longText) ?? "";
  return { kind: material === "" ? "talk" : "report", ask, material };
}

/** The first paragraph asks; what follows it is the attachment. */
function split(content: string): [ask: string, attached: string] {
  const end = content.search(/\n\s*\n/);
  return end < 0 ? [content, ""] : [content.slice(0, end), content.slice(end).trim()];
}

/** The calls that would help, of tools that are offered. */
export function wantsOf({ kind, ask }: Question, offered: readonly string[]): Want[] {
  const wants = kind === "report" ? [time({})] : [timeWant(ask), sumWant(ask), pageWant(ask), searchWant(ask)];
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

function timeWant(ask: string): Want | undefined {
  if (!/\b(what|which|tell|current|today'?s?)\b.*\b(time|date|day|weekday)\b|\bwhat'?s the time\b/i.test(ask))
    return undefined;
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
    /\b(?:did|have|had)\s+(?:we|i|you)\b.*?\b(?:say|said|talk|talked|mention|mentioned|discuss|discussed|decide|decided|write|written)\b\s*(?:about|on|of)?\s*(.*)/i.exec(
      ask,
    );
  const query = about?.[1] ?? /\b(?:search|look up|find)\b.*?\b(?:for|about)\b\s+(.*)/i.exec(ask)?.[1];
  const words = query?.replace(/[?!.]+\s*$/, "").trim();
  return words ? { tool: "search_transcript", args: { query: words } } : undefined;
}

/**
 * How a call is shown to the person who decides about it, the same on the page, in Slack and in Discord: what decides is
 * first and whole, nothing is invisible, and what does not fit is counted. Pure; it never changes the call.
 */

import { fingerprint } from "./digest.ts";
import { parsed } from "./parsed.ts";

export interface ShownCall {
  /** The fields that decide (address, method, amounts, recipients), a line each: `url: "https://…"`. Empty when there are none. */
  deciding: string[];
  /** All arguments: laid out where that loses nothing, else as the model wrote them. */
  whole: string;
}

/** The call as a person must see it. `text`: the arguments as the model wrote them, JSON or not. Nothing is cut. */
export function shownCall(text: string): ShownCall {
  const read = parsed(text);
  const found = read === undefined ? [] : decidingFields(read);
  const lines = found.map(({ path, value }) => `${path}: ${visible(JSON.stringify(value))}`);
  return {
    deciding: [...lines, ...found.flatMap(({ value }) => hostLine(value))],
    whole: visible(laidOut(text, read)),
  };
}

/** Characters of arguments that a messenger shows in one line, as they came. */
const oneLine = 200;

/** The same as one text for a messenger: what decides, then everything. A person can check short arguments as they came. */
export function messengerText(text: string): string {
  const { deciding, whole } = shownCall(text);
  const all = text.length <= oneLine ? visible(text) : whole;
  return deciding.length === 0 ? all : `${deciding.join("\n")}\n\n${all}`;
}

/** Names what was shown: an answer that carries it is an answer about exactly this call. */
export function callDigest({ name, arguments: text }: { name: string; arguments: string }): string {
  return fingerprint(`${name}\n${text}`);
}

/**
 * Signs that are not seen, or that turn or hide their neighbours, as `\uXXXX`: control and format characters, bidirectional
 * marks, fillers, tags, variation selectors, unassigned and private ones, spaces other than the space, lone surrogates, and
 * marks piled up on one letter. Line breaks stay. Source: Unicode 16, `Default_Ignorable_Code_Point` and general category C.
 */
export function visible(text: string): string {
  return text.replace(unseen, spelled).replace(piled, (marks) => {
    const shown = Array.from(marks.slice(0, 8)).slice(0, 4).join("");
    return shown + spelled(marks.slice(shown.length));
  });
}

/** In runs: one call for each of them, however long it is. */
const unseen = /(?:(?!\n)[\p{C}\p{DI}\p{Zl}\p{Zp}\u2800\ufffc]|(?! )\p{Zs})+/gu;
const piled = /\p{M}{5,}/gu;

/** As JSON and JavaScript write it, so that it can be copied: two halves for each sign beyond the first 65,536. */
function spelled(signs: string): string {
  let text = "";
  for (let i = 0; i < signs.length; i++) text += `\\u${(0x10000 + signs.charCodeAt(i)).toString(16).slice(1)}`;
  return text;
}

/** The beginning of `text` that measures at most `limit`, never half a character, and how many UTF-16 units are left out. */
export function cutToRoom(
  text: string,
  limit: number,
  measure: (text: string) => number,
): { shown: string; leftOut: number } {
  if (measure(text) <= limit) return { shown: text, leftOut: 0 };
  let used = 0;
  let end = 0;
  for (const sign of text.slice(0, limit + 1)) {
    used += measure(sign);
    if (used > limit) break;
    end += sign.length;
  }
  return { shown: text.slice(0, end), leftOut: text.length - end };
}

interface Field {
  path: string;
  value: unknown;
}

/** Deepest object that is looked into, and most fields that are listed; all of them are in `whole`, too. */
const bounds = { depth: 8, fields: 20, visited: 5_000 };

/** Names of fields that say where something goes, what it does, how much and to whom; the first group is shown first. */
const groups = [
  /^(?:url|uri|href|link|endpoint|host|hostname|domain|webhook(?:_?url)?|callback(?:_?url)?|base_?url)$/,
  /^(?:method|verb|action|operation|op|command|cmd|script|sql|query|statement)$/,
  /^(?:amount|amounts|total|price|sum|cost|value|qty|quantity|count|limit|budget|currency|percent|percentage)(?:_?(?:cents|micros|usd|eur))?$/,
  /^(?:to|cc|bcc|from|recipients?|receivers?|payee|beneficiary|iban|bic|account|account_?(?:id|number|no)|e?mails?|phone|address|channel|room|user|user_?id|customer|customer_?id|owner|assignee)$/,
  /^(?:path|file|file_?name|folder|directory|repo|repository|branch|bucket|table|database|id|name|force|recursive|delete|permission|permissions|role|scope)$/,
];

function decidingFields(root: unknown): Field[] {
  const found = groups.map((): Field[] => []);
  let visited = 0;
  const visit = (value: unknown, path: string, depth: number) => {
    if (typeof value !== "object" || value === null || depth > bounds.depth) return;
    for (const [key, inner] of Object.entries(value)) {
      if (++visited > bounds.visited) return;
      const at = path === "" ? plainKey(key) : `${path}.${plainKey(key)}`;
      const group = groupOf(key, inner);
      if (group !== undefined) found[group]?.push({ path: at, value: inner });
      else visit(inner, at, depth + 1);
    }
  };
  visit(root, "", 0);
  return found.flat().slice(0, bounds.fields);
}

/** By its name, where it is a value or a list of values; and whatever is a web or mail address. */
function groupOf(key: string, value: unknown): number | undefined {
  const isPlain = (each: unknown) => typeof each !== "object" || each === null;
  if (!isPlain(value) && !(Array.isArray(value) && value.every(isPlain))) return undefined;
  const name = key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase()
    .slice(0, 60);
  const byName = groups.findIndex((group) => group.test(name));
  if (byName >= 0) return byName;
  if (typeof value !== "string" || value.length > 2_000) return undefined;
  if (/^\s*[a-z][a-z0-9+.-]{1,20}:\/\//i.test(value)) return 0;
  return /^\s*[^\s@]{1,100}@[^\s@]{1,200}\s*$/.test(value) ? 3 : undefined;
}

/** A key that could be read as more than a name is quoted. */
function plainKey(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : visible(JSON.stringify(key));
}

/** The server that an address really names, where its spelling may hide that: other scripts, a user name in front, an odd port or form. */
function hostLine(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts.flatMap((text) => {
    if (typeof text !== "string" || !/^\s*https?:/i.test(text) || !URL.canParse(text)) return [];
    const { host, protocol } = new URL(text);
    const isPlain =
      text.toLowerCase().startsWith(`${protocol}//${host}`) &&
      /^(?:$|[/?#])/.test(text.slice(protocol.length + 2 + host.length));
    return isPlain ? [] : [`this goes to the host: ${host}`];
  });
}

/** A member that occurs twice, or a number too long to keep, would be lost by reading it: such text stays as it is. */
function laidOut(raw: string, read: unknown): string {
  if (read === undefined) return raw;
  const packed = raw.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
  return JSON.stringify(read) === packed ? JSON.stringify(read, null, 2) : raw;
}

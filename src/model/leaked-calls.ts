/** Reads leaked tool markup of DeepSeek's models, from its first opening to the end of the reply. Strict: one call that is not whole spoils them all. Pure. */
import { parsed } from "../core/parsed.ts";
import { unfenced } from "../core/repair.ts";
import { bar, bracket, dsmlHead, gap, heldFrom, isTrailing, toolToken, unmarked, unmarkedTag } from "./tool-markup.ts";
import { isObject } from "./wire.ts";

export interface LeakedCall {
  name: string;
  /** JSON text of an object. */
  arguments: string;
}

/**
 * `calls`: the reply ends with whole calls. `attempt`: it ends with the beginning of a call that is not whole. `residue`:
 * there is markup, and no call is meant: wrappers alone, or markup that more text follows.
 */
export interface Leak {
  kind: "calls" | "attempt" | "residue";
  /** What remains as text of the reply. */
  text: string;
  calls: LeakedCall[];
}

/** `isOpen`: the block has no closing tag. */
interface Block {
  calls: LeakedCall[];
  isOpen: boolean;
  rest: string;
}

/** `leak` begins with an opening (`tool-markup.ts`). */
export function readLeak(leak: string): Leak {
  const read = leak.startsWith("&lt;") ? unescaped(leak) : leak;
  if (read === undefined) return { ...withoutMarkup(normalized(leak)), text: "" };
  const plain = normalized(read);
  const block = plain === read ? readTokens(read) : readDsml(plain);
  if (block !== undefined && block.calls.length > 0 && !block.isOpen && isTrailing(block.rest)) {
    return { kind: "calls", text: "", calls: block.calls };
  }
  return withoutMarkup(plain);
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'", "#34": '"', amp: "&" };

/** Markup that was escaped as HTML, as it was before; `undefined` where it was not escaped as a whole: then its values are unknown. */
function unescaped(leak: string): string | undefined {
  if (/[<>]|&(?!(?:lt|gt|quot|apos|#39|#34|amp);)/.test(leak)) return undefined;
  return leak.replace(/&([a-z]+|#3[49]);/g, (whole, name: string) => entities[name] ?? whole);
}

const beginsUnmarked = new RegExp(`^${unmarked}`, "i");

/** One spelling for all of DSML's tags: `<dsml:name` and `</dsml:name`. */
function normalized(leak: string): string {
  if (beginsUnmarked.test(leak)) return leak.replace(new RegExp(unmarkedTag, "gi"), "<$1dsml:$2");
  return leak.replace(new RegExp(dsmlHead, "gi"), (head) => (head.includes("/") ? "</dsml:" : "<dsml:"));
}

/** `<dsml:function_calls><dsml:invoke name="f"><dsml:parameter name="p" string="true">value</dsml:parameter>…`, in a wrapper of any name or none. */
function readDsml(text: string): Block | undefined {
  const at = new MarkupReader(text);
  const calls: LeakedCall[] = [];
  let open = 0;
  for (;;) {
    const [, , name] = at.take(/\s*<dsml:invoke\s+name\s*=\s*(["'])([\w-]{1,64})\1\s*[>›＞]\s*/iy) ?? [];
    if (name !== undefined) {
      const args = readParameters(at);
      if (args === undefined || at.take(/\s*<\/dsml:invoke\s?[>›＞]\s*/iy) === undefined) return undefined;
      calls.push({ name, arguments: JSON.stringify(args) });
    } else if (at.take(/\s*<(?:dsml:)?(?!(?:invoke|parameter)\b|dsml:)[A-Za-z][\w▁.: -]{0,60}[>›＞]\s*/iy)) open++;
    else if (at.take(/\s*<\/(?:dsml:)?(?!(?:invoke|parameter)\b|dsml:)[A-Za-z][\w▁.: -]{0,60}[>›＞]\s*/iy)) {
      open = Math.max(0, open - 1);
    } else return { calls, isOpen: open > 0, rest: at.rest };
  }
}

function readParameters(at: MarkupReader): Record<string, unknown> | undefined {
  const entries: [string, unknown][] = [];
  for (;;) {
    const [, , name, isText] =
      at.take(
        /\s*<dsml:parameter\s+name\s*=\s*(["'])([^"'<>]{1,200})\1\s*(?:string\s*=\s*["'](true|false)["']\s*)?[>›＞]/iy,
      ) ?? [];
    if (name === undefined) return Object.fromEntries(entries);
    const value = at.until("</dsml:parameter");
    if (value === undefined || at.take(/\s?[>›＞]\s*/y) === undefined || /<\/?dsml:/i.test(value)) return undefined;
    const read = isText?.toLowerCase() === "false" ? parsed(value) : value;
    if (read === undefined) return undefined;
    entries.push([name, read]);
  }
}

const token = (name: string) =>
  `${bracket.open}\\s?/?\\s?${bar}\\s?/?\\s?${name.replaceAll("_", gap)}\\s?${bar}\\s?${bracket.close}`;
const tokens = {
  begin: new RegExp(`\\s*${token("tool_call_begin")}\\s*`, "iy"),
  sep: new RegExp(token("tool_sep"), "i"),
  end: new RegExp(token("tool_call_end"), "i"),
  blockBegin: new RegExp(`(?:<[A-Za-z][\\w:.-]{0,40}>\\s*)?${token("tool_calls_begin")}\\s*`, "iy"),
  blockEnd: new RegExp(`\\s*${token("tool_calls_end")}\\s*`, "iy"),
};

/** `<｜tool▁call▁begin｜>function<｜tool▁sep｜>name` with a fenced body (V3), or `name<｜tool▁sep｜>{…}` (V3.1). */
function readTokens(text: string): Block | undefined {
  const at = new MarkupReader(text);
  const calls: LeakedCall[] = [];
  let isOpen = false;
  for (;;) {
    if (at.take(tokens.blockBegin)) isOpen = true;
    else if (at.take(tokens.blockEnd)) isOpen = false;
    else if (at.take(tokens.begin)) {
      const body = at.untilMatch(tokens.end);
      const call = body === undefined ? undefined : readTokenCall(body.split(tokens.sep));
      if (call === undefined) return undefined;
      calls.push(call);
    } else return { calls, isOpen, rest: at.rest };
  }
}

function readTokenCall(parts: string[]): LeakedCall | undefined {
  const [head = "", body, ...more] = parts;
  if (body === undefined || more.length > 0) return undefined;
  const older = /^\s*function\s*$/i.test(head);
  const [, name, raw = ""] = (older ? /^\s*([\w-]{1,64})\s*\n([\s\S]*)$/ : /^()([\s\S]*)$/).exec(body) ?? [];
  const called = older ? name : /^\s*([\w-]{1,64})\s*$/.exec(head)?.[1];
  const read = parsed(unfenced(raw.trim()));
  const isRecord = isObject(read) && !Array.isArray(read);
  return called && isRecord ? { name: called, arguments: JSON.stringify(read) } : undefined;
}

const anyTag = new RegExp(
  `<(/?)dsml:\\s?([A-Za-z][\\w▁.:-]*)?(?:\\s+name[^<>›＞]{0,300})?(?:\\s?${bar})?(?:${bracket.close}(?:[ \\t]*\\n)?)?|(${toolToken})`,
  "gi",
);

/** The text without tags and without what is inside a call; a reply that ends inside one attempted it. */
function withoutMarkup(plain: string): Leak {
  let text = "";
  let end = 0;
  let inside: "call" | "value" | undefined;
  for (const match of plain.matchAll(anyTag)) {
    if (inside !== "value") text += prose(plain.slice(end, match.index));
    end = match.index + match[0].length;
    inside = insideAfter(match, inside);
  }
  const rest = plain.slice(end);
  const tail = inside === "value" ? "" : prose(rest.slice(0, heldFrom(rest)));
  const isAttempt = inside === "value" || (tail.trim() === "" && (inside === "call" || hasCall(plain)));
  return { kind: isAttempt && tail.trim() === "" ? "attempt" : "residue", text: text + tail, calls: [] };
}

function insideAfter([whole, slash, name, tool]: RegExpMatchArray, before: "call" | "value" | undefined) {
  if (tool !== undefined) return /sep|call.begin|output.begin/i.test(whole) ? "value" : undefined;
  if (name?.toLowerCase() === "parameter") return slash === "" ? "value" : "call";
  if (name?.toLowerCase() === "invoke") return slash === "" ? "call" : undefined;
  return slash === "" && before !== undefined ? before : undefined;
}

function hasCall(plain: string): boolean {
  return /<dsml:invoke|tool[\s▁_]call[\s▁_]begin/i.test(plain);
}

/** Text between tags; what looks like the inside of a call, or is only white space, is none. */
function prose(text: string): string {
  return isTrailing(text) || /^\s*[{[]/.test(text) ? "" : text;
}

/** A place in a text that moves forward. */
class MarkupReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /** What a sticky expression matches right here. */
  take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  /** Everything before the next `mark`, which is stepped over. */
  until(mark: string): string | undefined {
    const end = this.#text.indexOf(mark, this.#at);
    if (end < 0) return undefined;
    const between = this.#text.slice(this.#at, end);
    this.#at = end + mark.length;
    return between;
  }

  untilMatch(expression: RegExp): string | undefined {
    const match = expression.exec(this.rest);
    if (match === null) return undefined;
    const between = this.rest.slice(0, match.index);
    this.#at += match.index + match[0].length;
    return between;
  }
}

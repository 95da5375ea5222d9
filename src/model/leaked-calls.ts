/** Reads leaked tool markup, from its first opening to the end of the answer. Strict: one call that is not whole spoils them all. Pure. */

export interface LeakedCall {
  name: string;
  /** JSON text of an object. */
  arguments: string;
}

export interface Salvaged {
  /** What was held back and is no markup. */
  text: string;
  calls: LeakedCall[];
  /** Markup was found that makes no whole call; `calls` is empty then. */
  broken: boolean;
}

const bar = "[|｜‖]{1,2}";
const gap = "[\\s▁_]";
const tag = (name: string) => `<\\s?/?\\s?${bar}\\s?/?\\s?${name}\\s?${bar}\\s?>`;

/** Calls of the leak, and the text behind it. */
export function readLeak(leak: string): Salvaged {
  const plain = leak.replace(new RegExp(`(<\\s?/?)\\s?${bar}\\s?(/?)\\s?DSML\\s?${bar}\\s?`, "gi"), "$1$2dsml:");
  return plain === leak
    ? readTokens(leak)
    : readDsml(plain.replace(/<\s?\/\s?dsml:/gi, "</dsml:").replace(/<\s?dsml:/gi, "<dsml:"));
}

const nothing: Salvaged = { text: "", calls: [], broken: true };

/** `<dsml:function_calls><dsml:invoke name="f"><dsml:parameter name="p" string="true">value</dsml:parameter>…`. */
function readDsml(text: string): Salvaged {
  const at = new Reader(text);
  const block = at.take(/<dsml:(function|tool)[\s▁_]calls\s?>\s*/iy) !== undefined;
  const calls: LeakedCall[] = [];
  for (;;) {
    const [, name] = at.take(/\s*<dsml:invoke\s+name\s*=\s*"([\w-]{1,64})"\s*>\s*/iy) ?? [];
    if (name === undefined) break;
    const args = readParameters(at);
    if (args === undefined || at.take(/\s*<\/dsml:invoke\s?>\s*/iy) === undefined) return nothing;
    calls.push({ name, arguments: JSON.stringify(args) });
  }
  if (block && at.take(/\s*<\/dsml:(function|tool)[\s▁_]calls\s?>\s*/iy) === undefined) return nothing;
  return finish(calls, at.rest);
}

function readParameters(at: Reader): Record<string, unknown> | undefined {
  const entries: [string, unknown][] = [];
  for (;;) {
    const [, name, isText] =
      at.take(/\s*<dsml:parameter\s+name\s*=\s*"([^"<>]{1,200})"\s*(?:string\s*=\s*"(true|false)"\s*)?>/iy) ?? [];
    if (name === undefined) return Object.fromEntries(entries);
    const value = at.until("</dsml:parameter");
    if (value === undefined || at.take(/\s?>\s*/y) === undefined || /<dsml:/i.test(value)) return undefined;
    const read = isText?.toLowerCase() === "false" ? jsonOf(value) : { value };
    if (read === undefined) return undefined;
    entries.push([name, read.value]);
  }
}

/** `<｜tool▁call▁begin｜>function<｜tool▁sep｜>name` with a fenced body (V3), or `name<｜tool▁sep｜>{…}` (V3.1). */
function readTokens(text: string): Salvaged {
  const token = (name: string) => tag(name.replaceAll("_", gap));
  const begin = new RegExp(`\\s*${token("tool_call_begin")}\\s*`, "iy");
  const sep = new RegExp(token("tool_sep"), "i");
  const end = new RegExp(token("tool_call_end"), "i");
  const at = new Reader(text);
  const block = at.take(new RegExp(`${token("tool_calls_begin")}\\s*`, "iy")) !== undefined;
  const calls: LeakedCall[] = [];
  while (at.take(begin) !== undefined) {
    const body = at.untilMatch(end);
    const call = body === undefined ? undefined : readTokenCall(body.split(sep));
    if (call === undefined) return nothing;
    calls.push(call);
  }
  if (block && at.take(new RegExp(`\\s*${token("tool_calls_end")}\\s*`, "iy")) === undefined) return nothing;
  return finish(calls, at.rest);
}

function readTokenCall(parts: string[]): LeakedCall | undefined {
  const [head = "", body, ...more] = parts;
  if (body === undefined || more.length > 0) return undefined;
  const older = /^\s*function\s*$/i.test(head);
  const [, name, raw = ""] = (older ? /^\s*([\w-]{1,64})\s*\n([\s\S]*)$/ : /^()([\s\S]*)$/).exec(body) ?? [];
  const called = older ? name : /^\s*([\w-]{1,64})\s*$/.exec(head)?.[1];
  const read = jsonOf(unfenced(raw.trim()));
  const isObject = typeof read?.value === "object" && read.value !== null && !Array.isArray(read.value);
  return called && isObject ? { name: called, arguments: JSON.stringify(read.value) } : undefined;
}

function unfenced(text: string): string {
  const isFenced = text.startsWith("```") && text.endsWith("```") && text.length >= 6;
  return isFenced ? text.slice(3, -3).replace(/^json/, "").trim() : text;
}

function finish(calls: LeakedCall[], rest: string): Salvaged {
  // Markup behind the block that is no call of its own, or a block without calls, is not understood.
  if (calls.length === 0 || /<\s?\/?dsml:|tool[\s▁_]calls?[\s▁_](?:begin|end)/i.test(rest)) return nothing;
  return { text: rest, calls, broken: false };
}

function jsonOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** A place in a text that moves forward. */
class Reader {
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

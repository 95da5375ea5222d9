/**
 * Reads the one object that an argument text certainly means, though it is written in an unusual way: twice, after an empty one,
 * as JSON inside a string, with the host's own marks after it, or as no text at all. Repairs no JSON; two different
 * objects are never taken for one.
 */
import { parsed } from "../core/parsed.ts";

export interface ArgumentText {
  value: object;
  /** What was odd, in words. */
  repairs: string[];
}

/**
 * The object that `raw` means; `undefined` when it means none, or more than one. `mayRepair`: where not, a wrong guess would
 * do harm, and only what is the very same object is taken. `mayBeAbsent`: the tool has no required fields, so that no
 * arguments are `{}`.
 */
export function readArgumentText(
  raw: string,
  of: { mayRepair: boolean; mayBeAbsent: boolean },
): ArgumentText | undefined {
  const text = raw.trim();
  if (text === "") return { value: {}, repairs: [] };
  const whole = parsed(text);
  const read = whole === undefined ? fromPieces(text, of.mayRepair) : { value: whole, repairs: [] };
  if (read === undefined) return undefined;
  const inner = unwrapped(read.value);
  const repairs = inner === read.value ? read.repairs : [...read.repairs, "arguments: JSON inside a string taken out"];
  if (isObject(inner)) return { value: inner, repairs };
  const isNothing = inner === null || (of.mayRepair && (inner === "" || (Array.isArray(inner) && inner.length === 0)));
  if (!isNothing || !of.mayBeAbsent) return undefined;
  return { value: {}, repairs: [...read.repairs, `arguments: ${JSON.stringify(read.value)} taken as none`] };
}

/** Several values after one another, or one value with marks after it that hosts leave there. */
function fromPieces(text: string, mayRepair: boolean): { value: unknown; repairs: string[] } | undefined {
  const { values, rest } = valuesOf(text);
  const [first, ...others] = values;
  if (first === undefined) return undefined;
  if (rest !== "" && !(mayRepair && isLeftover(rest))) return undefined;
  const junk = rest === "" ? [] : ["arguments: what follows the object left out"];
  if (others.length === 0) return { value: first, repairs: junk };
  const distinct = [...new Map(values.map((value) => [canonical(value), value])).entries()];
  // Some hosts open a call with `{}` and then send its arguments (litellm#4537).
  const full = mayRepair ? distinct.filter(([form]) => form !== "{}") : distinct;
  const [one, ...more] = full.length === 0 ? distinct : full;
  if (one === undefined || more.length > 0) return undefined;
  const what = distinct.length > 1 ? "an empty object beside the arguments left out" : "the same object several times";
  return { value: one[1], repairs: [`arguments: ${what}`, ...junk] };
}

/** The objects at the beginning of a text, one after the other, and what follows them. Reads each character once. */
function valuesOf(text: string): { values: object[]; rest: string } {
  const values: object[] = [];
  let at = 0;
  while (text.charAt(at) === "{" && values.length < mostObjects) {
    const end = objectEnd(text, at);
    const read = end === undefined ? undefined : parsed(text.slice(at, end));
    if (end === undefined || !isObject(read)) break;
    values.push(read);
    at = end;
    while (/\s/.test(text.charAt(at))) at++;
  }
  return { values, rest: text.slice(at) };
}

/** A host that repeats an object for ever is not followed. */
const mostObjects = 64;

/** Where the object ends that begins at `from`; `undefined` when it does not. */
function objectEnd(text: string, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (inString) {
      if (char === "\\") at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return at + 1;
  }
  return undefined;
}

/** Closing tags, tokens of chat templates, a semicolon, a closing fence. */
function isLeftover(rest: string): boolean {
  return /^(?:\s|;|`{3}|<\/[\w｜|:.-]{1,60}>|<[｜|][\w▁ ]{1,60}[｜|]>)*$/.test(rest);
}

/** JSON that was encoded as a string, at most three times. */
function unwrapped(value: unknown): unknown {
  let inner = value;
  for (let times = 0; times < 3 && typeof inner === "string"; times++) {
    const read = parsed(inner);
    if (read === undefined) break;
    inner = read;
  }
  return inner;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field) =>
    isObject(field) ? Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1))) : field,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

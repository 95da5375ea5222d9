/**
 * Reads the arguments a model wrote for a tool: as they are where that works, else repaired where there is only one way to
 * repair them and the result validates. Never invents a value, and never makes an empty object of something broken.
 */

import { jsonrepair } from "jsonrepair";
import * as z from "zod/mini";
import { deepestJson, holdsMore, textIsDeeper } from "../core/nesting.ts";
import { parsedObject } from "../core/parsed.ts";
import { unfenced } from "../core/repair.ts";
import { readArgumentText } from "./argument-text.ts";
import { coerced } from "./coerce.ts";
import { type JsonSchema, membersOf, noArguments, propertiesOf, requiredOf } from "./strict-schema.ts";

/** `repairs` describes in words what was repaired; empty when nothing. `detail` explains to the model what is wrong. */
export type ParsedArguments<Input = unknown> =
  | { ok: true; input: Input; repairs: string[] }
  | { ok: false; detail: string };

/** `value` as the tool gets it, or what is wrong with it in words for the model. */
export type Checked = { ok: true; input: unknown } | { ok: false; detail: string };

export interface ArgumentRules {
  schema: JsonSchema;
  check(value: object): Checked;
  /** Whether broken JSON may be repaired; where a wrong guess would do harm it may not. */
  mayRepair: boolean;
}

/** Checks by zod. */
export function checkedBy(schema: z.core.$ZodType): (value: object) => Checked {
  return (value) => {
    const { success, data, error } = z.safeParse(schema, value);
    return success ? { ok: true, input: data } : { ok: false, detail: z.prettifyError(error) };
  };
}

export function parseArguments(raw: string, rules: ArgumentRules): ParsedArguments {
  const read = readObject(raw, rules);
  if ("detail" in read) return { ok: false, detail: read.detail };
  const value = withoutNulls(read.value, rules.schema) as object;
  const checked = rules.check(value);
  if (checked.ok && read.repairs.length > 0 && !isKnown(value, rules.schema))
    return { ok: false, detail: read.wasWrong };
  if (checked.ok) return { ...checked, repairs: read.repairs };
  const { value: fitted, repairs } = coerced(value, rules.schema);
  const again = repairs.length > 0 ? rules.check(fitted as object) : checked;
  if (again.ok) return { ...again, repairs: [...read.repairs, ...repairs] };
  return { ok: false, detail: read.repairs.length > 0 ? read.wasWrong : checked.detail };
}

type ReadObject = { value: object; repairs: string[]; wasWrong: string } | { detail: string };

function readObject(raw: string, { mayRepair, schema }: ArgumentRules): ReadObject {
  if (textIsDeeper(raw)) return { detail: `The arguments are nested deeper than ${deepestJson} levels.` };
  if (holdsMore(raw, mostValues)) return { detail: `The arguments hold more than ${mostValues} values.` };
  const plain = readArgumentText(raw, { mayRepair, mayBeAbsent: !(schema.required as unknown[])?.length });
  if (plain !== undefined) return { ...plain, wasWrong: "The arguments must be one JSON object." };
  let wasWrong = "The arguments must be a JSON object.";
  try {
    JSON.parse(raw);
    return { detail: wasWrong };
  } catch (error) {
    wasWrong = `The arguments are not valid JSON: ${(error as Error).message}.`;
  }
  const value = mayRepair ? repair(raw, Object.keys(schema.properties ?? {})) : undefined;
  return value === undefined ? { detail: wasWrong } : { value, repairs: ["arguments: broken JSON repaired"], wasWrong };
}

/** Each of them is looked at several times. A model's longest answer has fewer. */
const mostValues = 200_000;

/**
 * Bounds of a repair: jsonrepair reads on to the end of the text for each quote that may not close anything, several times.
 * 4,096 characters with 200 quotes take it 0.1 s at worst, with 1,300 quotes 2 s (measured, 3.15.0).
 */
const longestRepair = 4_096;
const mostQuotes = 200;

function mayBeRepaired(text: string): boolean {
  return text.length <= longestRepair && (text.match(/["'`´‘’“”]/g)?.length ?? 0) <= mostQuotes;
}

/** The object a broken text must have meant; `undefined` when it may have meant something else, or was cut off. */
function repair(raw: string, keys: readonly string[]): object | undefined {
  if (!mayBeRepaired(raw)) return undefined;
  const text = unfenced(raw.trim());
  // A text that ends within a word or a number was cut off: what is missing cannot be known.
  if (!text.startsWith("{") || !/[}\]"]$/.test(text) || endsInValue(text)) return undefined;
  const repaired = attempt(closeKeys(text, keys));
  if (repaired === undefined || Object.keys(repaired).length === 0) return undefined;
  return substance(JSON.stringify(repaired)) === substance(text) ? repaired : undefined;
}

function attempt(text: string): object | undefined {
  try {
    return objectIn(jsonrepair(text));
  } catch {
    return undefined;
  }
}

function objectIn(text: string): object | undefined {
  return textIsDeeper(text) ? undefined : parsedObject(text);
}

/** `{"query: "x"}`: a known key that lost its closing quote, as under strict mode now and then (DeepSeek-V3 #1069). */
function closeKeys(text: string, keys: readonly string[]): string {
  return text.replace(/([{,]\s*)"(\w+):(?=\s*["[{\d])/g, (whole, lead: string, key: string) =>
    keys.includes(key) ? `${lead}"${key}":` : whole,
  );
}

/** Whether the last quote opens a string instead of closing one. */
function endsInValue(text: string): boolean {
  return text.endsWith('"') && /[:,[{]\s*"$/.test(text);
}

/** All that is not quotes, brackets, commas, colons and white space: a repair may move those, and must neither lose nor add anything else. */
function substance(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\[nrtbf"]/g, "")
    .replaceAll("\\/", "/")
    .replace(/["'`“”‘’{}[\],:\s\ufeff]/g, "");
}

/** A repaired object counts only if every key in it is one the tool knows: a misplaced quote makes keys of values. */
function isKnown(value: object, { properties = {} }: JsonSchema): boolean {
  return Object.keys(value).every((key) => Object.hasOwn(properties as object, key));
}

/** `value` without what strict mode made the model write: the placeholder of a tool without arguments, and the nulls that replace absent optional fields of `schema`, which is an `inputSchema`. */
function withoutNulls(value: unknown, schema: JsonSchema): unknown {
  const member = memberFor(value, schema);
  if (member === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, (member.items ?? {}) as JsonSchema));
  const properties = propertiesOf(member);
  const required = requiredOf(member);
  const isEmpty = Object.keys(properties).length === 0;
  const entries = Object.entries(value as object).flatMap(([name, field]) => {
    if (isEmpty && name === noArguments) return [];
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) return [[name, field]];
    const isAbsent = field === null && !required.includes(name) && !acceptsNull(property);
    return isAbsent ? [] : [[name, withoutNulls(field, property)]];
  });
  return Object.fromEntries(entries);
}

/** The array or object schema that this array or object was written for. */
function memberFor(value: unknown, schema: JsonSchema): JsonSchema | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const members = membersOf(schema);
  if (members !== undefined) {
    const fitting = members.map((member) => memberFor(value, member)).filter((member) => member !== undefined);
    return fitting.length > 1 && !Array.isArray(value) ? fitting.find((member) => fits(value, member)) : fitting[0];
  }
  return schema.type === (Array.isArray(value) ? "array" : "object") ? schema : undefined;
}

/** In a union the model writes all fields of one member and no others; literals distinguish members with the same fields. */
function fits(value: object, schema: JsonSchema): boolean {
  const properties = propertiesOf(schema);
  const required = requiredOf(schema);
  const written = new Map(Object.entries(value));
  return (
    required.every((name) => written.has(name)) &&
    [...written].every(([name, field]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const isAbsent = field === null && !required.includes(name);
      return property !== undefined && (isAbsent || allows(property, field));
    })
  );
}

function allows({ const: only, enum: several }: JsonSchema, value: unknown): boolean {
  if (only !== undefined) return only === value;
  return !Array.isArray(several) || several.includes(value);
}

function acceptsNull(schema: JsonSchema): boolean {
  return schema.type === "null" || (membersOf(schema)?.some(acceptsNull) ?? false);
}

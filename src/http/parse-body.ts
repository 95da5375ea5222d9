/** Checks what a request said against a zod schema, and names the field when it is wrong. */
import type * as z from "zod";
import { AppError } from "../core/errors.ts";

/** `value` as the schema makes it. Throws `invalid_request`; `where` names the value when the schema is not an object. */
export function parseBody<T extends z.ZodType>(schema: T, value: unknown, where = ""): z.infer<T> {
  const proto = protoPath(value);
  if (proto !== undefined) {
    throw new AppError("invalid_request", `${proto}: this name cannot be used.`, { field: proto });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, where === "" ? [] : [where]));
  const told = faults.slice(0, mostTold).map(({ field, what }) => `${field === "" ? "The body" : field}: ${what}.`);
  const rest = faults.length > mostTold ? [`And ${faults.length - mostTold} more.`] : [];
  throw new AppError("invalid_request", [...told, ...rest].join(" "), { field: faults[0]?.field ?? where });
}

/** Where in a parsed JSON value a member is named `__proto__`: schemas would drop it without a word. The value's depth is bounded where it is read. */
export function protoPath(value: unknown, above: readonly string[] = []): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, "__proto__")) return [...above, "__proto__"].join(".");
  for (const name of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[name];
    const found = typeof inner === "object" ? protoPath(inner, [...above, name]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The same for the query of a URL; a parameter that comes twice counts with its last value. */
export function parseQuery<T extends z.ZodType>(schema: T, url: URL): z.infer<T> {
  return parseBody(schema, Object.fromEntries(url.searchParams));
}

/** Bounds of a refusal: whoever sends a megabyte of mistakes does not get one back. */
const mostTold = 5;
const longestField = 200;

/** What is wrong at the dotted path `field`. */
interface Fault {
  field: string;
  what: string;
}

function faultsOf(issue: z.core.$ZodIssue, above: string[]): Fault[] {
  const path = [...above, ...issue.path.map(String)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => fault([...path, key], "is not known here"));
    case "invalid_key":
      return issue.issues.map((inner) => fault(path, `the name is wrong: ${words(inner)}`));
    case "invalid_union":
      return unionFaults(issue, path);
    default:
      return [fault(path, words(issue))];
  }
}

/** Of a union, the alternative that the value came furthest into; if it came into none, what each of them expected. */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, path: string[]): Fault[] {
  const closest = issue.errors.find((issues) => issues.every(isInside));
  if (closest !== undefined) return closest.flatMap((inner) => faultsOf(inner, path));
  const expected = issue.errors.flat().map((inner) => words(inner).replace(/, received .*$/, ""));
  return [fault(path, expected.length === 0 ? words(issue) : [...new Set(expected)].join(", or "))];
}

function isInside({ code, path }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === "unrecognized_keys";
}

function words(issue: { message: string }): string {
  return issue.message
    .replace(/^Invalid input: /, "")
    .replace(/, received NaN$/, "")
    .replace(/\.$/, "");
}

function fault(path: string[], what: string): Fault {
  const field = path.join(".");
  return { field: field.length > longestField ? `${field.slice(0, longestField)}…` : field, what };
}

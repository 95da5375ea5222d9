/** Checks the values of a request against a zod schema, and names the field when one is wrong. */
import { en } from "zod/locales";
import * as z from "zod/mini";
import { AppError } from "../core/errors.ts";

// zod/mini has no words of its own for what is wrong. They are set here, since whatever checks a request imports this.
z.config(en());

/** `value` as the schema makes it. Throws `invalid_request`; `where` names the value when the schema is not an object. */
export function parseBody<T extends z.core.$ZodType>(schema: T, value: unknown, where = ""): z.infer<T> {
  const above = where === "" ? [] : [where];
  const wrong = formFault(value, mostMembers, where === "");
  if (wrong !== undefined) {
    const field = shownField([...above, ...wrong.path]);
    throw new AppError("invalid_request", `${field === "" ? "The body" : field}: ${wrong.what}.`, { field });
  }
  const parsed = checked(schema, value, where);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const faults: Fault[] = [];
  for (const issue of issues) {
    if (faults.length >= mostShown) break;
    faults.push(...faultsOf(issue, above));
  }
  const shown = faults.slice(0, mostShown).map(({ field, what }) => `${field === "" ? "The body" : field}: ${what}.`);
  const left = issues.reduce((sum, issue) => sum + countOf(issue), 0) - shown.length;
  const rest = left > 0 ? [`And ${left} more.`] : [];
  throw new AppError("invalid_request", [...shown, ...rest].join(" "), { field: faults[0]?.field ?? where });
}

/** zod passes the issues of a list on as arguments of one call, which overflows the stack from about 100,000 on. */
function checked<T extends z.core.$ZodType>(schema: T, value: unknown, where: string) {
  try {
    return z.safeParse(schema, value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = `${where === "" ? "The body" : where}: has too many faults to list.`;
    throw new AppError("invalid_request", detail, { field: where });
  }
}

/** Members that a list or an object of a body may have: a schema looks at each of them before it counts them. */
const mostMembers = 10_000;

/** Below these names are values of tools, which no schema looks into; `input` is one of them where it is not the body's own. */
const opaque = new Set<unknown>(["output", "data", "input"]);

/** What no schema finds in a parsed JSON value: a list or an object of too many members, or one named `__proto__`, which schemas would drop without an error. The value's depth is bounded where it is read. */
export function formFault(value: unknown, most: number, isTop = false): { path: string[]; what: string } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const isList = Array.isArray(value);
  const names: unknown[] = isList ? value : Object.keys(value);
  if (names.length > most) return { path: [], what: `has ${names.length} members; at most ${most} are taken` };
  if (Object.hasOwn(value, "__proto__")) return { path: ["__proto__"], what: "this name cannot be used" };
  for (let at = 0; at < names.length; at++) {
    const name = isList ? at : String(names[at]);
    const inner: unknown = Reflect.get(value, name);
    if (typeof inner !== "object") continue;
    const wrong = formFault(inner, !isTop && opaque.has(name) ? Number.POSITIVE_INFINITY : most);
    if (wrong !== undefined) return { ...wrong, path: [String(name), ...wrong.path] };
  }
  return undefined;
}

/** The same for the query of a URL; a parameter that comes twice counts with its last value. */
export function parseQuery<T extends z.core.$ZodType>(schema: T, url: URL): z.infer<T> {
  return parseBody(schema, Object.fromEntries(url.searchParams));
}

/** Bounds of a refusal: a request with a megabyte of mistakes does not get a megabyte back. */
const mostShown = 5;
const longestField = 200;

/** What is wrong at the dotted path `field`. */
interface Fault {
  field: string;
  what: string;
}

/** The faults of an issue; of an issue that has many, only as many as are shown. */
function faultsOf(issue: z.core.$ZodIssue, above: string[]): Fault[] {
  const path = [...above, ...issue.path.map(String)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, mostShown).map((key) => fault([...path, key], "is not known here"));
    case "invalid_key":
      return issue.issues.map((inner) => fault(path, `the name is wrong: ${words(inner)}`));
    case "invalid_union":
      return unionFaults(issue, path);
    default:
      return [fault(path, words(issue))];
  }
}

/** Of a union, the alternative that the value matches furthest; if it matches none in part, what each of them expected. */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, path: string[]): Fault[] {
  const closest = closestOf(issue);
  if (closest !== undefined) return closest.slice(0, mostShown).flatMap((inner) => faultsOf(inner, path));
  const expected = issue.errors.flat().map((inner) => words(inner).replace(/, received .*$/, ""));
  return [fault(path, expected.length === 0 ? words(issue) : [...new Set(expected)].join(", or "))];
}

function closestOf({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  return errors.find((issues) => issues.every(isInside));
}

/** How many faults an issue has. */
function countOf(issue: z.core.$ZodIssue): number {
  if (issue.code === "unrecognized_keys") return issue.keys.length;
  const inner = issue.code === "invalid_union" ? closestOf(issue) : undefined;
  return inner === undefined ? 1 : inner.reduce((sum, each) => sum + countOf(each), 0);
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
  return { field: shownField(path), what };
}

function shownField(path: readonly string[]): string {
  const field = path.join(".");
  return field.length > longestField ? `${field.slice(0, longestField)}…` : field;
}

/** Checks what a request said against a zod schema, and names the field when it is wrong. */
import type * as z from "zod";
import { AppError } from "../core/errors.ts";

/** `value` as the schema makes it. Throws `invalid_request`; `where` names the value when the schema is not an object. */
export function parseBody<T extends z.ZodType>(schema: T, value: unknown, where = ""): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map((issue) => complaint(issue, where));
  const [first] = parsed.error.issues;
  throw new AppError("invalid_request", complaints.join(" "), {
    field: first === undefined ? where : pathOf(first, where),
  });
}

/** The same for the query of a URL; a parameter that comes twice counts with its last value. */
export function parseQuery<T extends z.ZodType>(schema: T, url: URL): z.infer<T> {
  return parseBody(schema, Object.fromEntries(url.searchParams));
}

function complaint(issue: z.core.$ZodIssue, where: string): string {
  const path = pathOf(issue, where);
  const message = issue.message.replace(/^Invalid input: /, "").replace(/\.?$/, ".");
  return path === "" ? `The body: ${message}` : `${path}: ${message}`;
}

function pathOf(issue: z.core.$ZodIssue, where: string): string {
  const keys = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return [where, ...issue.path.map(String), ...keys].filter((part) => part !== "").join(".");
}

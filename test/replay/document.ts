/** Says where recorded answers differ from what the OpenAPI document says of them. Pure. */
import { Validator } from "@cfworker/json-schema";
import type { Recorded } from "./difference.ts";

type Schema = Record<string, unknown>;

/** What is read of the document. */
export interface Document {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: Schema }> }> }>
  >;
  components?: unknown;
}

/** How many answers have a schema in the document, and what is wrong with which. */
export function answersAgainst(document: Document, rows: readonly Recorded[]): { checked: number; faults: string[] } {
  const { paths, components } = forgiving(document) as Document;
  const checked = rows.flatMap(({ name, call, status, headers, body }) => {
    const [method = "", place = ""] = String(call).replace(/\?.*/, "").split(" ");
    const operation = paths[pathOf(place, paths)]?.[method.toLowerCase()];
    const type = (headers as Record<string, string> | undefined)?.["content-type"] ?? "";
    const schema = operation?.responses[String(status)]?.content?.[type]?.schema;
    if (schema === undefined || typeof body !== "object" || !type.endsWith("json")) return [];
    return [faultsOf({ ...schema, components }, body).map((fault) => `${name}: ${fault}`)];
  });
  return { checked: checked.length, faults: checked.flat() };
}

/** The path of the document that a call's path is of. One without parameters goes first. */
function pathOf(place: string, paths: Document["paths"]): string {
  const fits = (path: string) => new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(place);
  const parameters = (path: string) => path.split("{").length;
  return (
    Object.keys(paths)
      .filter(fits)
      .sort((a, b) => parameters(a) - parameters(b))[0] ?? ""
  );
}

/** These only say that something below them is wrong. */
const outer = new Set(["properties", "items", "$ref", "anyOf", "oneOf"]);

function faultsOf(schema: Schema, body: unknown): string[] {
  const { errors } = new Validator(schema, "2020-12", false).validate(body);
  const inner = errors.filter(({ keyword }) => !outer.has(keyword));
  return (inner.length > 0 ? inner : errors).map(({ instanceLocation, error }) => `${instanceLocation} ${error}`);
}

/** A recording has words in the place of times and counts that change. */
function forgiving(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forgiving);
  if (typeof schema !== "object" || schema === null) return schema;
  const own = Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, forgiving(each)]));
  const isReplaced = own.type === "integer" || own.type === "number" || own.format === "date-time";
  return isReplaced ? { anyOf: [own, { enum: ["<time>", "<count>"] }] } : own;
}

/** Fits values to a JSON schema where a model wrote the right thing in the wrong type: lists and numbers as text, `""` for nothing. Guesses at nothing else. */

import { textIsDeeper } from "../core/nesting.ts";
import { parsed } from "../core/parsed.ts";
import type { JsonSchema } from "./strict-schema.ts";

export interface Coerced {
  value: unknown;
  /** What was changed, in words with its path. */
  repairs: string[];
}

/** `value` with what can be fitted fitted; equal to `value`, and no repairs, when nothing can. */
export function coerced(value: unknown, schema: JsonSchema, path = "arguments"): Coerced {
  const type = typeOf(schema);
  if (typeof value === "string") return fromText(value, type, path);
  if (Array.isArray(value) && type === "array") {
    return gather(
      value.map((item, n) => coerced(item, (schema.items ?? {}) as JsonSchema, `${path}[${n}]`)),
      (values) => values,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value) || type !== "object")
    return { value, repairs: [] };
  const properties = (objectSchema(schema).properties ?? {}) as Record<string, JsonSchema>;
  const required = (objectSchema(schema).required ?? []) as string[];
  const dropped = Object.entries(value).filter(
    ([key, field]) => field === "" && !required.includes(key) && typeOf(properties[key] ?? {}) !== "string",
  );
  const absent = new Set(dropped.map(([key]) => key));
  const kept = Object.entries(value).filter(([key]) => !absent.has(key));
  const fields = kept.map(([key, field]) => coerced(field, properties[key] ?? {}, `${path}.${key}`));
  const { value: whole, repairs } = gather(fields, (values) =>
    Object.fromEntries(kept.map(([key], n) => [key, values[n]])),
  );
  return { value: whole, repairs: [...dropped.map(([key]) => `${path}.${key}: "" taken as absent`), ...repairs] };
}

function fromText(text: string, type: unknown, path: string): Coerced {
  const plain = { value: text, repairs: [] };
  if (type === "string" || type === undefined) return plain;
  const value = shallow(text.trim());
  const fits =
    (type === "array" && Array.isArray(value)) ||
    (type === "object" && typeof value === "object" && value !== null && !Array.isArray(value)) ||
    ((type === "number" || type === "integer") && typeof value === "number") ||
    (type === "boolean" && typeof value === "boolean");
  return fits ? { value, repairs: [`${path}: ${type} sent as text`] } : plain;
}

function shallow(text: string): unknown {
  return textIsDeeper(text) ? undefined : parsed(text);
}

function gather(parts: Coerced[], build: (values: unknown[]) => unknown): Coerced {
  return { value: build(parts.map(({ value }) => value)), repairs: parts.flatMap(({ repairs }) => repairs) };
}

/** The one type a schema allows, null aside; `undefined` when there are several. */
function typeOf(schema: JsonSchema): unknown {
  const members = Array.isArray(schema.anyOf) ? (schema.anyOf as JsonSchema[]) : [schema];
  const types = members.flatMap(({ type }) => type).filter((type) => type !== "null" && type !== undefined);
  return types.length === 1 ? types[0] : undefined;
}

function objectSchema(schema: JsonSchema): JsonSchema {
  const members = Array.isArray(schema.anyOf) ? (schema.anyOf as JsonSchema[]) : [];
  return members.find(({ type }) => type === "object") ?? schema;
}

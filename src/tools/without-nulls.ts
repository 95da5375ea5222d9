/** Takes back what strict mode made the model write: null for an absent field, and the placeholder of a tool without arguments. Checks nothing; zod does. */
import { type JsonSchema, membersOf, noArguments, propertiesOf, requiredOf } from "./strict-schema.ts";

/** `value` without the nulls that replace absent optional fields of `schema`, which is an `inputSchema`. */
export function withoutNulls(value: unknown, schema: JsonSchema): unknown {
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

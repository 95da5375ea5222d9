/**
 * Writes the JSON schema of what a zod schema takes in, with every part in its place. Says what `z.toJSONSchema` says of the same
 * (a test compares them), in a fifth of the code: it knows one draft, one direction and no definitions. Never decides what strict mode takes.
 */
import * as z from "zod/mini";
import { defined } from "../core/defined.ts";
import { lengths, numberSchema, stringSchema, type ZodSchema } from "./schema-checks.ts";
import { type JsonSchema, propertiesOf, requiredOf } from "./strict-schema.ts";

/** A `$ref` is only where a schema refers to itself; what JSON cannot express is `{}`. */
export function inputSchema(schema: ZodSchema): JsonSchema {
  return written(schema, []);
}

function written(schema: ZodSchema, outer: readonly ZodSchema[]): JsonSchema {
  if (outer.includes(schema)) return { $ref: "#" };
  const within = [...outer, schema];
  const { id: _, ...meta } = z.globalRegistry.get(schema) ?? {};
  const own: JsonSchema = { ...(schema._zod.toJSONSchema?.() ?? keywords(schema, within)), ...meta };
  // They are values of what comes out.
  if (transforms(schema)) for (const name of ["default", "examples"]) delete own[name];
  const { def } = known(schema)._zod;
  if (def.type === "prefault") own.default ??= plain(() => def.defaultValue);
  const inner = wrapped(schema);
  return inner === undefined ? own : { ...written(inner, within), ...own };
}

function known(schema: ZodSchema): z.core.$ZodTypes {
  return schema as z.core.$ZodTypes;
}

/** What a schema takes in where it only wraps another one. */
function wrapped(schema: ZodSchema): ZodSchema | undefined {
  const { _zod } = known(schema);
  const { def } = _zod;
  switch (def.type) {
    case "optional":
    case "nonoptional":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
    case "promise":
      return def.innerType;
    case "lazy":
      return (_zod as z.core.$ZodLazyInternals).innerType;
    case "pipe":
      return def.in._zod.def.type === "transform" ? def.out : def.in;
    default:
      return undefined;
  }
}

/** What it says itself. */
function keywords(schema: ZodSchema, within: readonly ZodSchema[]): JsonSchema {
  const { def, pattern } = known(schema)._zod as z.core.$ZodTypes["_zod"] & { pattern?: RegExp };
  const inside = (each: ZodSchema) => written(each, within);
  switch (def.type) {
    case "string":
      return stringSchema(schema);
    case "number":
      return numberSchema(schema);
    case "boolean":
    case "null":
      return { type: def.type };
    case "never":
      return { not: {} };
    case "enum":
      return choice(
        Object.entries(def.entries).flatMap(([name, value]) => (isReverse(def.entries, name) ? [] : value)),
      );
    case "literal":
      return literal(
        def.values.flatMap((value) => (value === undefined ? [] : typeof value === "bigint" ? Number(value) : value)),
      );
    case "template_literal":
      return { type: "string", pattern: pattern?.source };
    case "array":
      return { type: "array", ...lengths(schema, "Items"), items: inside(def.element) };
    case "tuple":
      return tuple(def, inside);
    case "object":
      return object(def, inside);
    case "record":
      return record(def, inside);
    case "union":
      return { [def.inclusive === false ? "oneOf" : "anyOf"]: def.options.map(inside) };
    case "nullable":
      return { anyOf: [inside(def.innerType), { type: "null" }] };
    case "intersection":
      return intersection([inside(def.left), inside(def.right)]);
    default:
      return added(schema);
  }
}

/** What one adds to the schema that it wraps. */
function added(schema: ZodSchema): JsonSchema {
  const { def } = known(schema)._zod;
  if (def.type === "readonly") return { readOnly: true };
  if (def.type === "default") return defined({ default: plain(() => def.defaultValue) });
  return def.type === "catch" ? defined({ default: plain(() => def.catchValue(undefined as never)) }) : {};
}

/** The value as JSON; `undefined` where it has none, as one that is made of what came. */
function plain(read: () => unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(read()));
  } catch {
    return undefined;
  }
}

/** TypeScript writes a numeric enum's names as values, too. */
function isReverse(entries: z.core.util.EnumLike, name: string): boolean {
  return Object.values(entries).includes(Number(name));
}

function choice(values: readonly unknown[]): JsonSchema {
  if (values.length === 0) return { not: {} };
  const types = new Set(values.map((value) => (value === null ? "null" : typeof value)));
  return { ...(types.size === 1 && { type: [...types][0] }), enum: values };
}

function literal(values: readonly unknown[]): JsonSchema {
  const { enum: _, ...rest } = choice(values);
  return values.length === 1 ? { ...rest, const: values[0] } : choice(values);
}

function tuple({ items, rest }: z.core.$ZodTupleDef, inside: (schema: ZodSchema) => JsonSchema): JsonSchema {
  const least = items.findLastIndex((item) => isRequired(item)) + 1;
  const end = rest ? { items: inside(rest) } : { items: false, maxItems: items.length };
  return { type: "array", prefixItems: items.map(inside), ...end, ...(least > 0 && { minItems: least }) };
}

function object({ shape, catchall }: z.core.$ZodObjectDef, inside: (schema: ZodSchema) => JsonSchema): JsonSchema {
  const fields = Object.entries(shape);
  const required = fields.flatMap(([name, field]) => (isRequired(field) ? name : []));
  return {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, field]) => [name, inside(field)])),
    ...(required.length > 0 && { required }),
    ...(catchall && { additionalProperties: catchall._zod.def.type !== "never" && inside(catchall) }),
  };
}

function record(
  { keyType, valueType, partial }: z.core.$ZodRecordDef,
  inside: (schema: ZodSchema) => JsonSchema,
): JsonSchema {
  const names = inside(keyType);
  const values = isRequired(valueType) && !partial ? [...(keyType._zod.values ?? [])] : [];
  return {
    type: "object",
    // Keys of JSON are text, whatever zod makes of them.
    ...(names.type === "string" && { propertyNames: names }),
    additionalProperties: inside(valueType),
    ...(values.length > 0 && { required: values.map(String) }),
  };
}

/** Whether the field must be there. */
function isRequired(schema: ZodSchema): boolean {
  const { def, optin } = known(schema)._zod;
  if (def.type === "catch") return isRequired(def.innerType);
  if (def.type === "pipe" && def.in._zod.def.type === "transform") return isRequired(def.out);
  return optin === undefined;
}

/** Objects become the one object that they describe together, also with each member of one union among them. */
function intersection(members: readonly JsonSchema[]): JsonSchema {
  const allOf = members.flatMap((each) => (hasOnly(each, /^allOf$/) ? (each.allOf as JsonSchema[]) : [each]));
  const union = allOf.find((each) => hasOnly(each, /^(any|one)Of$/));
  if (union === undefined) return together(allOf) ?? { allOf };
  const others = allOf.filter((each) => each !== union);
  const [keyword = "", branches] = Object.entries(union as Record<string, JsonSchema[]>)[0] ?? [];
  const folded = branches?.map((branch) => together([...others, branch]));
  return folded?.every((each) => each !== undefined) ? { [keyword]: folded } : { allOf };
}

function hasOnly(schema: JsonSchema, keyword: RegExp): boolean {
  return keyword.test(Object.keys(schema).join());
}

function together(members: readonly JsonSchema[]): JsonSchema | undefined {
  const isPlain = ({ type, properties: _, required: __, additionalProperties: more, ...rest }: JsonSchema) =>
    type === "object" && !more && Object.keys(rest).length === 0;
  if (!members.every(isPlain)) return undefined;
  const properties = new Map<string, JsonSchema[]>();
  for (const [name, field] of members.flatMap((each) => Object.entries(propertiesOf(each)))) {
    const fields = properties.get(name) ?? [];
    if (!fields.some((other) => JSON.stringify(other) === JSON.stringify(field)))
      properties.set(name, [...fields, field]);
  }
  const required = [...new Set(members.flatMap(requiredOf))];
  const both = (fields: JsonSchema[]) => (fields.length === 1 ? fields[0] : (together(fields) ?? { allOf: fields }));
  return {
    type: "object",
    properties: Object.fromEntries([...properties].map(([name, fields]) => [name, both(fields)])),
    ...(required.length > 0 && { required }),
    ...(members.every((each) => each.additionalProperties === false) && { additionalProperties: false }),
  };
}

/** Whether anything in it makes another value of what comes in. */
function transforms(schema: ZodSchema, seen = new Set<ZodSchema>()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const { def } = known(schema)._zod;
  const isOne = def.type === "transform" || (def.type === "pipe" && schema._zod.traits.has("$ZodCodec"));
  return isOne || parts(schema).some((part) => transforms(part, seen));
}

interface Parts {
  shape?: Record<string, ZodSchema>;
  options?: readonly ZodSchema[];
  items?: readonly ZodSchema[];
}

function parts(schema: ZodSchema): ZodSchema[] {
  const { def } = known(schema)._zod;
  if (def.type === "lazy") return [def.getter()];
  const { shape = {}, options = [], items = [], ...others } = def as Parts & typeof def;
  const all: unknown[] = [...Object.values(others), ...Object.values(shape), ...options, ...items];
  return all.filter((part): part is ZodSchema => typeof part === "object" && part !== null && "_zod" in part);
}

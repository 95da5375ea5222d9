import { describe, expect, it } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";
import { inputSchema } from "../../src/tools/input-schema.ts";
import type { JsonSchema } from "../../src/tools/strict-schema.ts";

/** What zod says, in the form that `inputSchema` promises: no definitions, and a union of plain types as members. */
function asZodSays(schema: z.ZodType): unknown {
  const { $schema, $defs, ...root } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
  return plain(root, ($defs ?? {}) as Record<string, JsonSchema>);
}

function plain(node: unknown, definitions: Record<string, JsonSchema>): unknown {
  if (Array.isArray(node)) return node.map((each) => plain(each, definitions));
  if (typeof node !== "object" || node === null) return node;
  const { $ref, type, ...rest } = node as JsonSchema;
  const target = typeof $ref === "string" ? definitions[$ref.replace("#/$defs/", "")] : undefined;
  if (target !== undefined) return plain({ ...target, ...rest }, definitions);
  if (Array.isArray(type)) return plain({ ...rest, anyOf: type.map((each) => ({ type: each })) }, definitions);
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, plain(value, definitions)]));
}

/** As TypeScript compiles an enum of numbers. */
const numbered = { One: 1, Two: 2, 1: "One", 2: "Two" } as const;
const object = z.object({ a: z.string(), b: z.int().optional() });
const named = z.object({ id: z.string(), next: z.string().optional() }).meta({ id: "Named", title: "T" });

const schemas: Record<string, z.ZodType> = {
  string: z.string(),
  "string: length": z.string().min(1).min(3).max(9).max(7),
  "string: exact length": z.string().length(4),
  "string: a pattern": z.string().regex(/^a+$/i),
  "string: patterns": z.string().regex(/a/).regex(/b/),
  "string: startsWith": z.string().startsWith("a.b"),
  "string: endsWith and includes": z.string().endsWith("b").includes("c"),
  "string: lowercase": z.string().lowercase(),
  "string: a check of a format": z.string().check(z.email()),
  "string: trimmed": z.string().trim().toLowerCase(),
  email: z.email().max(50),
  uuid: z.uuid(),
  guid: z.guid(),
  url: z.url(),
  ipv4: z.ipv4(),
  cidrv6: z.cidrv6(),
  hostname: z.hostname(),
  e164: z.e164(),
  jwt: z.jwt(),
  emoji: z.emoji(),
  ulid: z.ulid(),
  nanoid: z.nanoid(),
  hex: z.hex(),
  datetime: z.iso.datetime(),
  "datetime, local": z.iso.datetime({ local: true }),
  "datetime, minutes": z.iso.datetime({ precision: -1 }),
  date: z.iso.date(),
  time: z.iso.time(),
  duration: z.iso.duration(),
  "template literal": z.templateLiteral(["v", z.number()]),
  number: z.number(),
  int: z.int(),
  int32: z.int32(),
  uint32: z.uint32(),
  float32: z.float32(),
  float64: z.float64(),
  "number.int": z.number().int().min(2),
  "number: bounds": z.number().min(0).max(10).min(3),
  "number: open bounds": z.number().gt(0).lt(9),
  "number: both kinds of bounds": z.number().min(5).gt(1).max(3).lt(9),
  "number: both kinds, the open ones narrower": z.number().min(0).gt(1).max(99).lt(9),
  multipleOf: z.number().multipleOf(5),
  "multipleOf: two": z.number().multipleOf(5).multipleOf(-3),
  "positive and finite": z.number().positive().finite(),
  coerced: z.coerce.number(),
  boolean: z.boolean(),
  null: z.null(),
  never: z.never(),
  any: z.any(),
  unknown: z.unknown(),
  date_: z.date(),
  bigint: z.bigint().min(3n),
  symbol: z.symbol(),
  undefined: z.undefined(),
  void: z.void(),
  nan: z.nan(),
  map: z.map(z.string(), z.string()),
  set: z.set(z.string()),
  custom: z.custom(),
  enum: z.enum(["a", "b"]),
  "enum of numbers": z.enum(numbered),
  "enum, mixed": z.enum({ a: "x", b: 2 }),
  literal: z.literal("a"),
  "literal null": z.literal(null),
  "literal bigint": z.literal(3n),
  "literals of one type": z.literal([1, 2]),
  "literals of two types": z.literal(["a", 1]),
  "literal undefined": z.literal([undefined, "a"]),
  optional: z.string().optional(),
  nullable: z.string().min(1).nullable(),
  nullish: z.string().nullish(),
  nonoptional: z.nonoptional(z.string().optional()),
  default: z.string().default("x"),
  "default of an object": object.default({ a: "1" }),
  "default of a bigint": z.bigint().default(3n),
  prefault: z.string().prefault("x"),
  "prefault of a default": z.string().default("y").prefault("x"),
  "default of what is transformed": z.string().transform(Number).default(3),
  "what is transformed of a default": z.string().default("3").transform(Number),
  catch: z.string().catch("x"),
  "catch by function": z.string().catch((context) => String(context.value)),
  readonly: z.array(z.string()).readonly(),
  brand: z.string().brand("B"),
  promise: z.promise(z.string()),
  lazy: z.lazy(() => z.string().min(2)),
  refine: z.string().refine((text) => text !== ""),
  transform: z.string().transform(Number),
  pipe: z.string().pipe(z.string().max(2)),
  preprocess: z.preprocess(String, z.string().min(2)),
  codec: z.codec(z.string(), z.number(), { decode: Number, encode: String }),
  stringbool: z.stringbool(),
  array: z.array(z.string()).min(1).max(3),
  "array: exact length": z.array(object).length(2),
  tuple: z.tuple([z.string(), z.number()]),
  "tuple with a rest": z.tuple([z.string(), z.number().optional()], z.boolean()),
  object,
  "object: empty": z.object({}),
  "object: strict": z.strictObject({ a: z.string().default("b"), c: z.string().catch("d") }),
  "object: loose": z.looseObject({ a: z.string() }),
  "object: catchall": z.object({ a: z.string() }).catchall(z.number()),
  "object: fields that are made": z.object({ a: z.preprocess(String, z.string().optional()), b: z.any() }),
  "object: names of Object's": z.object({ constructor: z.string(), ["__proto__"]: z.string(), toString: z.int() }),
  "object: partial": object.partial().required({ a: true }),
  record: z.record(z.string(), z.number()),
  "record of an enum": z.record(z.enum(["a", "b"]), z.string()),
  "record of an enum, optional": z.record(z.enum(["a"]), z.string().optional()),
  "record, partial": z.partialRecord(z.enum(["a"]), z.string()),
  union: z.union([z.string(), z.number().min(3)]),
  "union of plain types": z.union([z.string(), z.null()]),
  xor: z.xor([z.string(), z.number()]),
  discriminated: z.discriminatedUnion("k", [
    z.object({ k: z.literal("a"), x: z.string() }),
    z.object({ k: z.literal("b") }),
  ]),
  "intersection of objects": z.intersection(object, z.object({ c: z.string(), a: z.string() })),
  "intersection of three": z
    .object({ a: z.string() })
    .and(z.object({ b: z.string() }))
    .and(z.object({ a: z.int() })),
  "intersection of strict ones": z.strictObject({ a: z.string() }).and(z.strictObject({ a: z.string() })),
  "intersection with a union": object.and(z.union([z.object({ x: z.string() }), z.object({ y: z.string() })])),
  "intersection of others": z.string().and(z.string().min(3)),
  "intersection, described": z.object({ a: z.string() }).describe("A").and(object),
  "intersection of nested objects": z.object({ a: object }).and(z.object({ a: z.object({ c: z.string() }) })),
  described: z.string().describe("A"),
  "described twice": z.string().describe("A").optional().describe("B"),
  "described inside": z.string().describe("A").optional().nullable(),
  meta: z.string().meta({ title: "T", examples: ["a"], deprecated: true }),
  "meta of a transform": z
    .string()
    .transform(Number)
    .meta({ title: "T", examples: [1], default: 3 }),
  "meta, then a check": z.string().meta({ title: "T" }).min(3),
  "an id": named,
  "an id, twice": z.object({ a: named, b: named.optional().describe("B") }),
};

const minis: Record<string, z.core.$ZodType> = {
  string: mini.string().check(mini.minLength(2), mini.maxLength(5), mini.regex(/a/), mini.trim()),
  number: mini.number().check(mini.gte(2), mini.lt(5), mini.multipleOf(2)),
  int: mini.int().check(mini.positive()),
  email: mini.email(),
  object: mini.object({
    a: mini.optional(mini.string()),
    b: mini._default(mini.int(), 3),
    c: mini.nullable(mini.boolean()),
  }),
  extended: mini.extend(mini.object({ a: mini.string() }), { b: mini.array(mini.uuid()).check(mini.length(2)) }),
  described: mini.string().check(mini.describe("A"), mini.meta({ title: "T" })),
  registered: mini.string().register(mini.globalRegistry, { description: "A" }),
};

describe("the JSON schema of an input", () => {
  it.each(Object.entries(schemas))("[TOOL-24] is what zod says of it: %s", (_name, schema) => {
    expect(inputSchema(schema)).toEqual(asZodSays(schema));
    expect(inputSchema(z.object({ f: schema, g: z.array(schema) }))).toEqual(
      asZodSays(z.object({ f: schema, g: z.array(schema) })),
    );
  });

  it.each(Object.entries(minis))("[TOOL-24] is what zod says of it in zod/mini: %s", (_name, schema) => {
    expect(inputSchema(schema)).toEqual(asZodSays(schema as z.ZodType));
  });

  it("[TOOL-24] has a reference only where a schema refers to itself", () => {
    const tree: z.ZodType = z.object({
      name: z.string(),
      get kids() {
        return z.array(tree);
      },
    });
    expect(inputSchema(tree)).toEqual({
      type: "object",
      properties: { name: { type: "string" }, kids: { type: "array", items: { $ref: "#" } } },
      required: ["name", "kids"],
    });
    const looping: z.ZodType = z.lazy(() => z.union([z.string(), z.array(looping)]));
    expect(inputSchema(looping)).toEqual({ anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#" } }] });
  });
});

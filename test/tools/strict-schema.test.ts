import { describe, expect, it } from "vitest";
import * as z from "zod";
import { calculator } from "../../src/tools/calculator.ts";
import { currentTime } from "../../src/tools/current-time.ts";
import { fetchUrl } from "../../src/tools/fetch-url.ts";
import { inputSchema } from "../../src/tools/input-schema.ts";
import { searchTranscript } from "../../src/tools/search-transcript.ts";
import { type JsonSchema, strictInput } from "../../src/tools/strict-schema.ts";
import { toolsRefusal } from "../support/strict-check.ts";

const schemaOf = (input: z.ZodType) => strictInput(inputSchema(input), "t");
/** What becomes of one field of a tool's input. */
const fieldOf = (field: z.ZodType) => (schemaOf(z.object({ f: field })).properties as Record<string, JsonSchema>).f;
const nullable = (...members: JsonSchema[]) => ({ anyOf: [...members, { type: "null" }] });
const object = (properties: Record<string, JsonSchema>) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const text = { type: "string" };
const number = { type: "number" };
const node = z.object({ id: z.string(), next: z.string().optional() }).meta({ id: "Node", title: "A node" });

const compiled: [string, z.ZodType, JsonSchema][] = [
  ["string", z.string(), text],
  ["describe", z.string().describe("A name."), { description: "A name.", type: "string" }],
  ["regex", z.string().regex(/^a+$/), { type: "string", pattern: "^a+$" }],
  ["startsWith", z.string().startsWith("a"), { type: "string", pattern: "^a.*" }],
  ["endsWith", z.string().endsWith("b"), { type: "string", pattern: ".*b$" }],
  ["includes", z.string().includes("c"), { type: "string", pattern: "c" }],
  ["templateLiteral", z.templateLiteral(["v", z.literal(["1", "2"])]), { type: "string", pattern: "^v(1|2)$" }],
  ["email", z.email(), { type: "string", format: "email" }],
  ["uuid", z.uuid(), { type: "string", format: "uuid" }],
  ["ipv4", z.ipv4(), { type: "string", format: "ipv4" }],
  ["ipv6", z.ipv6(), { type: "string", format: "ipv6" }],
  ["hostname", z.hostname(), { type: "string", format: "hostname" }],
  ["refine, trim, brand and readonly", z.string().trim().brand("B").readonly(), text],
  ["lazy", z.lazy(() => z.string()), text],
  ["transform: what goes in", z.string().transform(Number), text],
  ["pipe: what goes in", z.string().pipe(z.string().max(2)), text],
  ["preprocess: what is hoped for", z.preprocess(String, z.string()), text],
  ["codec: what goes in", z.codec(z.string(), z.number(), { decode: Number, encode: String }), text],
  ["stringbool: what goes in", z.stringbool(), text],
  ["number", z.number(), number],
  ["int", z.int(), { type: "integer" }],
  ["coerce.number", z.coerce.number(), number],
  ["min and max of a number", z.number().min(0).max(2), { type: "number", minimum: 0, maximum: 2 }],
  ["gt and lt", z.number().gt(1).lt(9), { type: "number", exclusiveMinimum: 1, exclusiveMaximum: 9 }],
  ["multipleOf", z.number().multipleOf(5), { type: "number", multipleOf: 5 }],
  ["boolean", z.boolean(), { type: "boolean" }],
  ["null", z.null(), { type: "null" }],
  ["enum", z.enum(["a", "b"]), { type: "string", enum: ["a", "b"] }],
  ["literal text", z.literal("x"), { type: "string", enum: ["x"] }],
  ["literal numbers", z.literal([1, 2]), { type: "number", enum: [1, 2] }],
  ["literal true", z.literal(true), { type: "boolean", enum: [true] }],
  ["literal null", z.literal(null), { type: "null" }],
  ["nullable", z.string().nullable(), nullable(text)],
  ["array", z.array(z.string()), { type: "array", items: text }],
  [
    "array of objects",
    z.array(z.object({ a: z.string(), b: z.int().optional() })),
    { type: "array", items: object({ a: text, b: nullable({ type: "integer" }) }) },
  ],
  ["nested objects", z.object({ b: z.object({ c: z.string() }) }), object({ b: object({ c: text }) })],
  ["strictObject", z.strictObject({ a: z.string() }), object({ a: text })],
  ["union", z.union([z.string(), z.number()]), { anyOf: [text, number] }],
  ["xor", z.xor([z.string(), z.number()]), { anyOf: [text, number] }],
  [
    "discriminatedUnion",
    z.discriminatedUnion("k", [
      z.object({ k: z.literal("a"), x: z.string().optional() }),
      z.object({ k: z.literal("b") }),
    ]),
    {
      anyOf: [
        object({ k: { type: "string", enum: ["a"] }, x: nullable(text) }),
        object({ k: { type: "string", enum: ["b"] } }),
      ],
    },
  ],
  [
    "intersection of objects",
    z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })),
    object({ a: text, b: number }),
  ],
  ["a schema with an id, in its place", node, object({ id: text, next: nullable(text) })],
  ["meta that a model does not need", z.string().meta({ title: "T", examples: ["a"], deprecated: true }), text],
];

const optional: [string, z.ZodType, JsonSchema][] = [
  ["optional", z.string().optional(), nullable(text)],
  ["nullish", z.string().nullish(), nullable(text)],
  ["optional, described inside", z.string().describe("D").optional(), { description: "D", ...nullable(text) }],
  ["optional, described outside", z.string().optional().describe("D"), { description: "D", ...nullable(text) }],
  ["optional object", z.object({ a: z.string() }).optional(), nullable(object({ a: text }))],
  ["optional union", z.union([z.string(), z.number()]).optional(), nullable(text, number)],
  ["optional union with null", z.union([z.string(), z.null()]).optional(), nullable(text)],
  ["default", z.string().default("x"), { description: 'Default: "x".', ...nullable(text) }],
  ["described default", z.number().default(3).describe("N"), { description: "N. Default: 3.", ...nullable(number) }],
  ["default null", z.string().nullable().default(null), { description: "Default: null.", ...nullable(text) }],
  ["prefault", z.string().prefault("x"), { description: 'Default: "x".', ...nullable(text) }],
];

const spoken: [string, z.ZodType, string][] = [
  ["min", z.string().min(1), "At least 1 character."],
  ["max", z.string().max(5).describe("A name"), "A name. At most 5 characters."],
  ["length", z.string().length(3).describe("A code?"), "A code? At least 3 characters. At most 3 characters."],
  ["items", z.array(z.int()).min(1).max(3), "At least 1 item. At most 3 items."],
  ["uri", z.url(), "Format: uri."],
  ["date-time", z.iso.datetime().describe("When."), "When. Format: date-time."],
  ["date", z.iso.date(), "Format: date."],
  ["base64", z.base64(), "Format: base64."],
];

const typeless =
  "It has no plain JSON type (z.unknown, z.any, z.date, a transform?): use z.string() and parse it in run().";
const unknownKeys = "Records and loose objects have unknown keys: use z.array(z.object({ key, value })).";
const noFields = "An object without properties is not allowed: leave the field away.";
const recursive = "It refers to itself: use a flat list with ids instead.";
const patterns = "Several patterns on one string are unknown to it: use one z.string().regex(…).";
const tree: z.ZodType = z.object({
  get kids(): z.ZodType {
    return z.array(tree);
  },
});

const refused: [string, z.ZodType, string, string][] = [
  ["record", z.record(z.string(), z.string()), "f", unknownKeys],
  ["record of an enum", z.record(z.enum(["a"]), z.string()), "f", unknownKeys],
  ["looseObject", z.looseObject({ a: z.string() }), "f", unknownKeys],
  ["catchall", z.object({ a: z.string() }).catchall(z.number()), "f", unknownKeys],
  ["unknown", z.unknown(), "f", typeless],
  ["any", z.any(), "f", typeless],
  ["date", z.date(), "f", typeless],
  ["bigint", z.bigint(), "f", typeless],
  ["set", z.set(z.string()), "f", typeless],
  ["map", z.map(z.string(), z.string()), "f", typeless],
  ["custom", z.custom(), "f", typeless],
  ["undefined", z.undefined(), "f", typeless],
  ["symbol in an object in an array", z.array(z.object({ a: z.symbol() })), "f[].a", typeless],
  ["unknown in a union", z.union([z.string(), z.unknown()]), "f|2", typeless],
  ["tuple", z.tuple([z.string(), z.number()]), "f", "Tuples are unknown to it: use a z.object with named fields."],
  ["never", z.never(), "f", "z.never() accepts nothing: leave the field away."],
  ["array of never", z.array(z.never()), "f[]", "z.never() accepts nothing: leave the field away."],
  ["empty object", z.object({ a: z.object({}) }), "f.a", noFields],
  ["empty object in an array", z.array(z.object({})), "f[]", noFields],
  ["recursion", z.array(tree), "f[].kids[]", recursive],
  ["startsWith with endsWith", z.string().startsWith("a").endsWith("b"), "f", patterns],
  ["two patterns", z.string().regex(/a/).regex(/b/), "f", patterns],
  [
    "intersection of others",
    z.string().and(z.string().min(3)),
    "f",
    "Intersections are unknown to it: use one schema.",
  ],
  [
    "literals of two types",
    z.literal(["a", 1]),
    "f",
    "Literals of several types have no type: use a z.union of z.literal.",
  ],
];

/** Every object in a schema, at whatever depth. */
function objectsOf(schema: unknown): JsonSchema[] {
  if (typeof schema !== "object" || schema === null) return [];
  const inner = Object.values(schema).flatMap(objectsOf);
  return (schema as JsonSchema).type === "object" ? [schema as JsonSchema, ...inner] : inner;
}

const strictTool = (name: string, parameters: unknown) => ({
  type: "function",
  function: { name, strict: true, parameters },
});

describe("strict schema: what it says", () => {
  it.each(compiled)("[TOOL-2] %s", (_name, field, schema) => {
    expect(fieldOf(field)).toEqual(schema);
  });

  it.each(optional)("[TOOL-3] %s may be null", (_name, field, schema) => {
    expect(fieldOf(field)).toEqual(schema);
  });

  it.each(spoken)("[TOOL-4] %s is said in words", (_name, field, description) => {
    const { type, items, ...rest } = fieldOf(field) ?? {};
    expect(rest).toEqual({ description });
  });

  it.each([...compiled, ...optional])("[TOOL-2] %s passes a check by strict mode's rules", (_name, field) => {
    const parameters = schemaOf(z.object({ f: field, g: z.array(z.object({ f: field })) }));
    expect(toolsRefusal([strictTool("t", parameters)])).toBeUndefined();
    const objects = objectsOf(parameters);
    expect(objects.length).toBeGreaterThanOrEqual(2);
    for (const each of objects) {
      expect(each.additionalProperties).toBe(false);
      expect(each.required).toEqual(Object.keys(each.properties as object));
    }
  });

  it("[TOOL-2] the built-in tools pass a check by strict mode's rules", () => {
    const tools = [calculator, currentTime, fetchUrl, searchTranscript].map(({ declaration }) => declaration);
    expect(toolsRefusal(tools.map(({ name, parameters }) => strictTool(name, parameters)))).toBeUndefined();
  });

  it("[TOOL-2] an input that has an id or a description is compiled as any other", () => {
    expect(schemaOf(node)).toEqual(object({ id: text, next: nullable(text) }));
    expect(schemaOf(z.object({ a: z.string() }).describe("D"))).toEqual({ description: "D", ...object({ a: text }) });
    expect(schemaOf(z.object({ f: node, g: node.optional().describe("D") }))).toEqual(
      object({
        f: object({ id: text, next: nullable(text) }),
        g: { description: "D", ...nullable(object({ id: text, next: nullable(text) })) },
      }),
    );
  });

  it("[TOOL-6] a tool without arguments asks for one that has a single value", () => {
    const only = { description: "This tool takes no arguments.", type: "string", enum: ["yes"] };
    expect(schemaOf(z.object({}))).toEqual(object({ proceed: only }));
    expect(toolsRefusal([strictTool("t", schemaOf(z.object({})))])).toBeUndefined();
  });

  it("[TOOL-7] the same definition gives the same bytes", () => {
    const make = () =>
      z.object({
        z: node,
        a: z.string().min(1).optional().describe("A"),
        m: z.array(z.union([z.object({ b: z.int() }), z.string()])).max(3),
      });
    const bytes =
      '{"type":"object","properties":{"z":{"type":"object","properties":{"id":{"type":"string"},"next":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["id","next"],"additionalProperties":false},' +
      '"a":{"description":"A. At least 1 character.","anyOf":[{"type":"string"},{"type":"null"}]},' +
      '"m":{"description":"At most 3 items.","type":"array","items":{"anyOf":[{"type":"object","properties":{"b":{"type":"integer"}},"required":["b"],"additionalProperties":false},{"type":"string"}]}}},' +
      '"required":["z","a","m"],"additionalProperties":false}';
    expect([make(), make()].map((input) => JSON.stringify(schemaOf(input)))).toEqual([bytes, bytes]);
  });
});

describe("strict schema: what it refuses", () => {
  it.each(refused)("[TOOL-5] %s", (_name, field, path, why) => {
    const message = `Tool "t": the schema at ${path} cannot be expressed in strict mode. ${why}`;
    expect(() => fieldOf(field)).toThrow(new Error(message));
  });

  const roots: [string, z.ZodType, string][] = [
    ["text", z.string(), "The input must be a z.object({ … })."],
    [
      "a union",
      z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
      "The input must be a z.object({ … }).",
    ],
    ["a loose object", z.looseObject({}), unknownKeys],
    ["a record", z.record(z.string(), z.string()), unknownKeys],
  ];
  it.each(roots)("[TOOL-5] %s as the whole input", (_name, input, why) => {
    const message = `Tool "t": the schema at (root) cannot be expressed in strict mode. ${why}`;
    expect(() => schemaOf(input)).toThrow(new Error(message));
  });

  it("[TOOL-5] a tree as the whole input", () => {
    expect(() => schemaOf(tree)).toThrow(
      new Error(`Tool "t": the schema at kids[] cannot be expressed in strict mode. ${recursive}`),
    );
  });
});

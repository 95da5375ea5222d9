import { describe, expect, it } from "vitest";
import { costFault, costOf } from "../../src/core/schema-cost.ts";
import { faultText, schemaFault, sizeFault } from "../../src/core/schema-measure.ts";
import { judgeAnswer } from "../../src/model/judge-by-schema.ts";

type Schema = Record<string, unknown>;

function nested(depth: number, wrap: (inner: unknown) => unknown, inner: unknown = {}): unknown {
  let value = inner;
  for (let n = 0; n < depth; n++) value = wrap(value);
  return value;
}

const chain = (length: number, next: (n: number) => Schema) => ({
  $ref: `#/$defs/a${length - 1}`,
  $defs: Object.fromEntries(Array.from({ length }, (_, n) => [`a${n}`, n === 0 ? { type: "string" } : next(n - 1)])),
});
const ref = (n: number) => ({ $ref: `#/$defs/a${n}` });

const tooLarge: [string, unknown][] = [
  ["allOf that doubles by references", chain(22, (n) => ({ allOf: [ref(n), ref(n)] }))],
  ["anyOf that doubles", chain(22, (n) => ({ anyOf: [ref(n), ref(n)] }))],
  ["oneOf that doubles", chain(22, (n) => ({ oneOf: [ref(n), ref(n)] }))],
  ["not, if and else that triple", chain(16, (n) => ({ if: ref(n), else: ref(n), not: ref(n) }))],
  ["dependentSchemas that double", chain(22, (n) => ({ dependentSchemas: { a: ref(n), b: ref(n) } }))],
  ["a chain of references", chain(500, ref)],
  ["a reference to itself", { $ref: "#" }],
  [
    "references in a circle",
    { $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" },
  ],
  ["allOf inside allOf", nested(12, (inner) => ({ allOf: [inner, inner] }))],
  ["deep nesting", nested(5_000, (inner) => ({ items: inner }))],
  ["deep nesting where no schema is", { default: nested(5_000, (inner) => [inner]) }],
  ["ids inside one another", nested(20, (inner) => ({ "x-more": { $id: "https://a.example/b", inner } }))],
  ["very many schemas", { anyOf: Array.from({ length: 3_000 }, () => ({})) }],
  ["very many properties", { properties: Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`p${n}`, {}])) }],
];

describe("schemas before they are run", () => {
  it.each(tooLarge)("[BOUND-4] %s is refused as too large", (_, schema) => {
    expect(schemaFault(schema)).toMatchObject({ kind: "size" });
  });

  it.each(tooLarge)("[BOUND-29] %s is refused where only the size counts, too", (_, schema) => {
    expect(sizeFault(schema)).toMatchObject({ kind: "size" });
  });

  it("[BOUND-29] a schema without references is judged by one look at each object, whatever else is wrong with it", () => {
    let looks = 0;
    const watched = (value: object): object =>
      new Proxy(value, {
        ownKeys: (target) => {
          looks++;
          return Reflect.ownKeys(target);
        },
      });
    const properties = Object.fromEntries(
      Array.from({ length: 250 }, (_, n) => [`id${n}`, watched({ type: "string", pattern: "^(a+)+$" })]),
    );
    const schema = watched({ $schema: "x", type: "object", properties: watched(properties), required: "no list" });
    expect([sizeFault(schema), looks]).toEqual([undefined, 252]);
  });

  it.each<[string, Schema, string]>([
    ["pattern", { properties: { a: { pattern: "^(a+)+$" } } }, "properties.a.pattern"],
    ["patternProperties", { patternProperties: { "^(a|a)*$": {} } }, "patternProperties.^(a|a)*$"],
    ["propertyNames", { propertyNames: { pattern: "(a+)+$" } }, "propertyNames.pattern"],
    [
      "a pattern behind a reference",
      { properties: { a: { $ref: "#/x/y" } }, x: { y: { pattern: "(.*)*x" } } },
      "#/x/y.pattern",
    ],
  ])("[BOUND-4] %s that can blow up is refused with its place", (_, schema, path) => {
    expect(schemaFault(schema)).toMatchObject({ kind: "pattern", path });
  });

  it("[BOUND-21] equal patterns are measured once, and different ones together have a budget", () => {
    const properties = (pattern: (n: number) => string) =>
      Object.fromEntries(Array.from({ length: 190 }, (_, n) => [`p${n}`, { pattern: pattern(n) }]));
    const large = (n: number) => `^(([a-z]{1,49}-){1,50}${n})+$`;
    expect(schemaFault({ properties: properties(() => large(1)) })).toBeUndefined();
    const fault = schemaFault({ properties: properties(large) });
    expect(fault).toMatchObject({ kind: "pattern", why: "has patterns that are too large together" });
    expect(fault?.path).toMatch(/^properties\.p\d+\.pattern$/);
    expect(schemaFault({ properties: properties((n) => `^[a-z0-9._%+-]+@host${n}\\.example$`) })).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ["a list", [], ""],
    ["anyOf that is no list", { anyOf: {} }, "anyOf"],
    ["enum that is no list", { properties: { a: { enum: "b" } } }, "properties.a.enum"],
    ["properties that are no schemas", { properties: { a: 1 } }, "properties.a"],
    ["required that is no list", { required: true }, "required"],
    ["a type that is an object", { type: {} }, "type"],
    ["a reference to nothing", { properties: { a: { $ref: "#/$defs/b" } } }, "properties.a.$ref"],
    ["a reference to another document", { $ref: "https://a.example/schema" }, "$ref"],
    ["a pattern that is no expression", { pattern: "(" }, "pattern"],
  ])("[BOUND-4] %s is refused with its place", (_, schema, path) => {
    const fault = schemaFault(schema);
    expect(fault?.path).toBe(path);
    expect(fault && faultText(fault)).not.toBe("");
  });

  it.each<[string, Schema]>([
    [
      "a tree",
      {
        $defs: {
          tree: { type: "object", properties: { children: { type: "array", items: { $ref: "#/$defs/tree" } } } },
        },
        $ref: "#/$defs/tree",
      },
    ],
    ["a list by its root", { type: "object", properties: { next: { anyOf: [{ $ref: "#" }, { type: "null" }] } } }],
    ["an anchor", { $defs: { a: { $anchor: "word", type: "string" } }, properties: { a: { $ref: "#word" } } }],
    [
      "an id at the top",
      {
        $id: "https://a.example/schema",
        properties: { a: { $ref: "https://a.example/schema#/$defs/b" } },
        $defs: { b: true },
      },
    ],
    [
      "a property called id, $ref or properties",
      { properties: { id: { type: "string" }, $ref: { type: "string" }, properties: { type: "object" } } },
    ],
    ["a hundred choices", { enum: Array.from({ length: 100 }, (_, n) => `choice ${n}`) }],
    [
      "an e-mail address by zod",
      {
        type: "string",
        format: "email",
        pattern:
          "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
      },
    ],
  ])("[BOUND-4] %s is taken", (_, schema) => {
    expect(schemaFault(schema)).toBeUndefined();
  });

  const numbers = (length: number) => Array.from({ length }, (_, n) => n);
  const doubling = { allOf: [{ properties: { x: { $ref: "#" } } }, { properties: { x: { $ref: "#" } } }] };

  it.each<[string, Schema, unknown]>([
    ["a schema that doubles at each level of the value", doubling, nested(40, (x) => ({ x }))],
    [
      "many items against many schemas",
      { items: { anyOf: Array.from({ length: 500 }, () => ({ type: "string" })) } },
      numbers(10_000),
    ],
    ["uniqueItems on a long list", { uniqueItems: true }, numbers(20_000)],
    ["uniqueItems on alike objects", { uniqueItems: true }, numbers(500).map((n) => ({ text: "x".repeat(5_000), n }))],
    ["a long enum for each item", { items: { enum: numbers(5_000) } }, numbers(5_000)],
    [
      "an enum of large objects",
      { items: { enum: numbers(100).map((n) => [...numbers(100), n]) } },
      numbers(1_000).map(() => numbers(100)),
    ],
    ["a long text against a polynomial pattern", { pattern: "\\s+$" }, `${" ".repeat(100_000)}x`],
    [
      "a long text against many patterns",
      { allOf: numbers(150).map(() => ({ pattern: "^a*$" })) },
      "a".repeat(100_000),
    ],
    ["long names of properties", { patternProperties: { ".*x": {} } }, { ["a".repeat(50_000)]: 1 }],
    ["a long text against a format", { format: "uri-template" }, "a".repeat(100_000)],
    ["contains on a long list", { contains: { anyOf: numbers(200).map((n) => ({ const: n })) } }, numbers(5_000)],
    [
      "propertyNames of many",
      { propertyNames: { anyOf: numbers(200).map((n) => ({ const: n })) } },
      Object.fromEntries(numbers(5_000).map((n) => [n, n])),
    ],
    [
      "unevaluatedProperties of many",
      { unevaluatedProperties: { anyOf: numbers(200).map(() => false) } },
      Object.fromEntries(numbers(5_000).map((n) => [n, n])),
    ],
    ["a value that is nested deep", {}, nested(5_000, (inner) => [inner])],
  ])("[BOUND-5] %s is not checked", (_, schema, value) => {
    expect(schemaFault(schema)).toBeUndefined();
    expect(costFault(schema, value)).toMatch(/to be checked/);
  });

  it.each<[string, Schema, unknown]>([
    ["ten thousand items", { items: { type: "integer" } }, numbers(10_000)],
    ["a long text", { type: "string", minLength: 1 }, "x".repeat(1_000_000)],
    ["unique items", { uniqueItems: true }, numbers(300)],
    ["a line against a polynomial pattern", { pattern: "\\s+$" }, `${" ".repeat(500)}x`],
    ["a tree", { properties: { x: { $ref: "#" } } }, nested(50, (x) => ({ x }))],
  ])("[BOUND-5] %s is checked", (_, schema, value) => {
    expect(costFault(schema, value)).toBeUndefined();
  });

  it("[BOUND-5] steps grow with the value as the validator's own do", () => {
    const at = (length: number) =>
      costOf({ items: { anyOf: [{ type: "string" }, { type: "null" }] } }, numbers(length));
    expect(at(2_000) / at(1_000)).toBeCloseTo(2, 1);
  });

  it.each<[string, Schema, string]>([
    ["a huge answer", { items: { anyOf: [{ type: "string" }, { type: "null" }] } }, JSON.stringify(numbers(200_000))],
    ["an answer of brackets", { type: "array" }, "[".repeat(5_000) + "]".repeat(5_000)],
    ["an answer to a schema that an older version took", { $ref: "#" }, "{}"],
    ["an answer to a schema that is none", { anyOf: {} }, "{}"],
  ])("[BOUND-5] %s is a wrong answer in words, not a throw", (_, schema, answer) => {
    const complaint = judgeAnswer(answer, { type: "json_schema", schema });
    expect(complaint?.failure?.code).toBe("output_invalid");
    expect(complaint?.note).toMatch(/checked|deeper/);
  });
});

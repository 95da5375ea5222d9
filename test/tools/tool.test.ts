import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createToolbox, defineTool } from "../../src/tools/tool.ts";

const named = (name: string) =>
  defineTool({ name, description: `Does ${name}.`, input: z.object({}), effect: "none", run: () => "done" });
const taking = (input: z.ZodObject) =>
  defineTool({ name: "t", description: "Takes it.", input, effect: "none", run: (value) => value });

describe("defining a tool", () => {
  it("[TOOL-1] keeps what was said, with 20 seconds where no time was", () => {
    const definition = {
      name: "send_mail",
      description: "Sends a mail.",
      input: z.object({ to: z.email() }),
      effect: "keyed",
      run: () => "sent",
    } as const;
    const tool = defineTool(definition);
    expect(tool.declaration).toEqual({
      name: "send_mail",
      description: "Sends a mail.",
      parameters: {
        type: "object",
        properties: { to: { type: "string", format: "email" } },
        required: ["to"],
        additionalProperties: false,
      },
    });
    expect([tool.effect, tool.timeoutMs]).toEqual(["keyed", 20_000]);
    expect(defineTool({ ...definition, timeoutMs: 5 }).timeoutMs).toBe(5);
  });

  it.each(["a", "A-z_09", "x".repeat(64)])("[TOOL-1] takes the name %j", (name) => {
    expect(named(name).declaration.name).toBe(name);
  });

  it.each(["", "a b", "a.b", "ä", "a\n", "x".repeat(65), "a/b"])("[TOOL-1] refuses the name %j", (name) => {
    expect(() => named(name)).toThrow(
      new Error(`Tool "${name}": a tool's name has 1 to 64 letters, digits, _ or -. Rename it.`),
    );
  });

  it("[TOOL-5] a schema that cannot be sent stops the definition", () => {
    expect(() => taking(z.object({ when: z.date() }))).toThrow('Tool "t": the schema at when cannot be expressed');
  });
});

describe("the toolbox", () => {
  it("[TOOL-8] lists its tools by name, whatever their order", () => {
    const names = (...tools: string[]) => createToolbox(tools.map(named)).declarations.map(({ name }) => name);
    expect(names("b", "a", "C", "a_1")).toEqual(["C", "a", "a_1", "b"]);
    expect(names("a_1", "C", "a", "b")).toEqual(["C", "a", "a_1", "b"]);
  });

  it("[TOOL-8] finds a tool by its name, and nothing by another", () => {
    const tool = named("a");
    const box = createToolbox([tool]);
    expect(box.get("a")).toBe(tool);
    expect([box.get("b"), box.get("constructor"), box.get("__proto__")]).toEqual([undefined, undefined, undefined]);
  });

  it("[TOOL-8] says the effect of its tools, and `unsafe` of one it does not have", () => {
    const box = createToolbox([named("a")]);
    expect([box.effectOf("a"), box.effectOf("gone")]).toEqual(["none", "unsafe"]);
  });

  it("[TOOL-8] refuses two tools of one name", () => {
    expect(() => createToolbox([named("a"), named("b"), named("a")])).toThrow(
      new Error('Two tools are named "a". Rename or remove one in the agent.'),
    );
  });

  it("[TOOL-8] takes 128 tools and not one more", () => {
    const tools = Array.from({ length: 129 }, (_, n) => named(`t${n}`));
    expect(createToolbox(tools.slice(1)).declarations).toHaveLength(128);
    expect(() => createToolbox(tools)).toThrow(
      new Error("129 tools are too many: providers take 128. Remove some from the agent."),
    );
  });
});

const inner = z.object({ a: z.string(), b: z.int().optional() });
const kinds = z.discriminatedUnion("k", [
  z.object({ k: z.literal("x"), note: z.string().optional() }),
  z.object({ k: z.literal("y"), note: z.string().nullable() }),
]);

const groups = z.union([
  z.object({ k: z.enum(["x", "y"]), note: z.string().optional(), mood: z.enum(["up", "down"]).optional() }),
  z.object({ k: z.enum(["z"]), note: z.string().nullable() }),
]);

/** [what it is about, the field's schema, what the model wrote, what the tool gets] */
const nulls: [string, z.ZodType, unknown, unknown][] = [
  ["an optional field", z.string().optional(), { f: null }, {}],
  ["a default", z.string().default("x"), { f: null }, { f: "x" }],
  ["a nullable field", z.string().nullable(), { f: null }, { f: null }],
  ["a nullish field", z.string().nullish(), { f: null }, { f: null }],
  ["a nullable default", z.string().nullable().default("x"), { f: null }, { f: null }],
  ["an optional object", inner.optional(), { f: null }, {}],
  ["a field within an object", inner, { f: { a: "1", b: null } }, { f: { a: "1" } }],
  ["a field within an optional object", inner.optional(), { f: { a: "1", b: null } }, { f: { a: "1" } }],
  ["a field within an array", z.array(inner), { f: [{ a: "1", b: null }] }, { f: [{ a: "1" }] }],
  ["a field within an optional array", z.array(inner).optional(), { f: [{ a: "1", b: null }] }, { f: [{ a: "1" }] }],
  ["a field within a nullable array", z.array(inner).nullable(), { f: [{ a: "1", b: null }] }, { f: [{ a: "1" }] }],
  ["an array in an array", z.array(z.array(inner)), { f: [[{ a: "1", b: null }]] }, { f: [[{ a: "1" }]] }],
  ["the member of a union it belongs to", kinds, { f: { k: "x", note: null } }, { f: { k: "x" } }],
  ["the member of a union that wants it", kinds, { f: { k: "y", note: null } }, { f: { k: "y", note: null } }],
  ["the member of a union told apart by an enum", groups, { f: { k: "z", note: null } }, { f: { k: "z", note: null } }],
  ["its other member", groups, { f: { k: "y", note: null } }, { f: { k: "y" } }],
  ["an optional enum in a member", groups, { f: { k: "x", note: "n", mood: null } }, { f: { k: "x", note: "n" } }],
  ["an optional union", kinds.optional(), { f: { k: "x", note: null } }, { f: { k: "x" } }],
  [
    "a union told apart by its fields",
    z.union([inner, z.object({ c: z.string().optional() })]),
    { f: { c: null } },
    { f: {} },
  ],
  ["null in an array", z.array(z.string().nullable()), { f: [null, "a"] }, { f: [null, "a"] }],
  ["a schema with an id", inner.meta({ id: "Inner" }), { f: { a: "1", b: null } }, { f: { a: "1" } }],
];

describe("null in arguments", () => {
  it.each(nulls)("[TOOL-3] is read rightly: %s", (_about, field, written, input) => {
    const parsed = taking(z.object({ f: field })).parse(JSON.stringify(written));
    expect(parsed).toStrictEqual({ ok: true, input, repairs: [] });
  });

  it("[TOOL-3] is no value for a field that must be there", () => {
    expect(taking(z.object({ f: z.string() })).parse('{"f":null}')).toMatchObject({ ok: false });
  });
});

const enforced: [string, z.ZodType, unknown, unknown][] = [
  ["min", z.string().min(2), "ab", "a"],
  ["max", z.string().max(2), "ab", "abc"],
  ["items", z.array(z.int()).min(1).max(2), [1], []],
  ["url", z.url(), "https://example.com/", "example"],
  ["datetime", z.iso.datetime(), "2026-01-15T12:00:00Z", "tomorrow"],
  ["email", z.email(), "a@example.com", "a"],
  ["int", z.int(), 1, 1.5],
  ["range", z.number().min(1).max(2), 2, 3],
  ["refine", z.string().refine((value) => value !== "no"), "yes", "no"],
  ["regex with a flag", z.string().regex(/^a$/i), "A", "b"],
  ["enum", z.enum(["a", "b"]), "a", "c"],
];

describe("what the schema cannot say", () => {
  it.each(enforced)("[TOOL-4] is enforced all the same: %s", (_rule, field, right, wrong) => {
    const { parse } = taking(z.object({ f: field }));
    expect(parse(JSON.stringify({ f: right }))).toEqual({ ok: true, input: { f: right }, repairs: [] });
    expect(parse(JSON.stringify({ f: wrong }))).toMatchObject({ ok: false, detail: expect.stringContaining("→ at f") });
  });
});

describe("a tool without arguments", () => {
  it.each(["", "  ", "{}", '{"proceed":"yes"}', '{"proceed":null}'])("[TOOL-6] takes %j as none", (raw) => {
    expect(taking(z.strictObject({})).parse(raw)).toStrictEqual({ ok: true, input: {}, repairs: [] });
  });

  it("[TOOL-6] a tool's own argument named proceed is left alone", () => {
    expect(taking(z.object({ proceed: z.string() })).parse('{"proceed":"yes"}')).toEqual({
      ok: true,
      input: { proceed: "yes" },
      repairs: [],
    });
  });
});

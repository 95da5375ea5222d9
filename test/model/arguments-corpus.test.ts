import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { inputSchema } from "../../src/tools/input-schema.ts";
import { checkedBy, parseArguments } from "../../src/tools/parse-arguments.ts";

/** A shape that was seen or must be expected. Without `meant` it must not be run. `repaired: false`: nothing had to be mended. */
interface Shape {
  what: string;
  raw: string;
  meant?: object;
  repaired?: false;
}

const shapes = readFileSync("test/fixtures/salvage/arguments.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Shape);
const input = z.object({
  query: z.string().min(1),
  limit: z.int().min(1).max(20).optional(),
  tags: z.array(z.string()).optional(),
  exact: z.boolean().optional(),
  range: z.object({ from: z.number(), to: z.number() }).optional(),
});
const parse = (raw: string, mayRepair = true) =>
  parseArguments(raw, { schema: inputSchema(input), check: checkedBy(input), mayRepair });

describe("the corpus of broken arguments", () => {
  it.each(shapes.map((shape) => [shape.what, shape] as const))(
    "[SALVAGE-6] [SALVAGE-7] %s",
    (_, { raw, meant, repaired }) => {
      const parsed = parse(raw);
      if (meant === undefined) return expect(parsed).toEqual({ ok: false, detail: expect.stringMatching(/\S/) });
      expect(parsed).toMatchObject({ ok: true, input: meant });
      if (parsed.ok)
        expect([Object.keys(parsed.input as object).length, parsed.repairs.length > 0]).toEqual([
          Object.keys(meant).length,
          repaired !== false,
        ]);
    },
  );

  it("[SALVAGE-8] rescues what it can, and runs none with other arguments than it meant", () => {
    const results = shapes.map((shape) => ({ shape, parsed: parse(shape.raw) }));
    const wrong = results.filter(
      ({ shape, parsed }) =>
        parsed.ok && JSON.stringify(parsed.input) !== JSON.stringify(input.safeParse(shape.meant).data),
    );
    const rescued = results.filter(({ parsed }) => parsed.ok && parsed.repairs.length > 0).length;
    const broken = shapes.filter((shape) => shape.repaired !== false).length;
    console.log(
      `salvage: ${shapes.length} shapes, ${broken} broken, ${rescued} rescued, ${broken - rescued} refused, ${wrong.length} run wrongly`,
    );
    expect(shapes.length).toBeGreaterThanOrEqual(100);
    expect(wrong).toEqual([]);
  });

  it("[SALVAGE-6] mends nothing for a tool that does harm, but fits types", () => {
    expect(parse('{"query":"ships",}', false)).toMatchObject({
      ok: false,
      detail: expect.stringContaining("not valid JSON"),
    });
    expect(parse('{"query":"ships","limit":"3"}', false)).toEqual({
      ok: true,
      input: { query: "ships", limit: 3 },
      repairs: ["arguments.limit: integer sent as text"],
    });
  });

  it("[SALVAGE-6] a tool that takes nothing is not run on something broken", () => {
    const empty = z.object({});
    const rules = { schema: inputSchema(empty), check: checkedBy(empty), mayRepair: true };
    for (const raw of ["", "{}", '{"proceed":"yes"}'])
      expect(parseArguments(raw, rules)).toEqual({ ok: true, input: {}, repairs: [] });
    for (const raw of ["{", "{,}", "{]", '{"a":']) expect(parseArguments(raw, rules).ok).toBe(false);
  });

  const free = z.object({ note: z.string().optional() });
  const loose = (raw: string, mayRepair = true) =>
    parseArguments(raw, { schema: inputSchema(free), check: checkedBy(free), mayRepair });

  it.each(["null", '""', "[]", '"{}"', '"null"', '"[]"', '"\\"{}\\""', "{}{}", " null\n", "{} ;"])(
    "[SALVAGE-11] %s means no arguments for a tool that requires none, and is recorded",
    (raw) => {
      expect(loose(raw)).toEqual({ ok: true, input: {}, repairs: [expect.stringMatching(/^arguments: /)] });
      expect(parse(raw).ok).toBe(false);
    },
  );

  it.each(["0", "false", "[1]", '"x"', "[{}]", "[null]", '{"note":"a"}{"note":"b"}', "{}{", "nul"])(
    "[SALVAGE-11] %s means nothing that is known",
    (raw) => expect(loose(raw).ok).toBe(false),
  );

  it("[SALVAGE-6] [SALVAGE-11] for a tool that does harm only the very same object, however often, is taken", () => {
    for (const raw of ['\ufeff{"query":"a"}', '{"query":"a"}{"query":"a"}', '{"query":"a"}\n{ "query": "a" }'])
      expect(parse(raw, false), raw).toMatchObject({ ok: true, input: { query: "a" } });
    for (const raw of [
      '{}{"query":"a"}',
      '{"query":"a"}{}',
      '{"query":"a"};',
      '{"query":"a"}</arg>',
      '{"query":"a"}{"query":"b"}',
    ])
      expect(parse(raw, false).ok, raw).toBe(false);
    expect(loose("null", false)).toMatchObject({ ok: true, input: {} });
    for (const raw of ['""', "[]", '"{}"{}']) expect(loose(raw, false).ok, raw).toBe(false);
  });

  it("[SALVAGE-11] a million characters of it are read, in work that does not grow with their square", () => {
    for (const unit of ["{}", '{"query":"a"}', "{", '"', "</a>", ";"]) {
      const raw = unit.repeat(1_000_000 / unit.length);
      // Else it would not end within the test's time.
      expect(typeof parse(raw, false).ok, unit).toBe("boolean");
    }
  });
});

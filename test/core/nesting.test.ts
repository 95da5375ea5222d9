import { describe, expect, it, vi } from "vitest";
import { parseJson } from "../../src/channels/parse-json.ts";
import { holdsMore, isDeeper, JsonScan, textIsDeeper } from "../../src/core/nesting.ts";
import { classifyFailure } from "../../src/model/classify-failure.ts";
import { parseArguments } from "../../src/tools/parse-arguments.ts";
import { readTool } from "../support/listed-tool.ts";

const deep = (levels: number, inner = "1") => `${'{"a":['.repeat(levels / 2)}${inner}${"]}".repeat(levels / 2)}`;
const rules = { schema: {}, check: (input: object) => ({ ok: true as const, input }), mayRepair: true };

describe("nesting", () => {
  it.each([
    ["{}", 1],
    ['{"a":"[[[["}', 1],
    ['{"a\\"[[":[1,2,{}]}', 3],
    [deep(64), 64],
  ])("[BOUND-7] the levels of %s are counted outside of its strings", (text, levels) => {
    expect([textIsDeeper(text, levels), textIsDeeper(text, levels - 1)]).toEqual([false, true]);
    expect([isDeeper(JSON.parse(text), levels), isDeeper(JSON.parse(text), levels - 1)]).toEqual([false, true]);
  });

  it("[BOUND-28] brackets and commas are counted in one pass, in whatever pieces the text comes", () => {
    const text = '{"a\\"[":["\\\\",{"b":"\\u005b,"}],"c":[[1,2],{}]}';
    const whole = new JsonScan().take(text);
    expect([whole.deepest, whole.values]).toEqual([3, 11]);
    for (let at = 0; at <= text.length; at++) {
      for (let to = at; to <= text.length; to++) {
        const scan = new JsonScan().take(text.slice(0, at)).take(text.slice(at, to)).take(text.slice(to));
        expect([at, to, scan.deepest, scan.values]).toEqual([at, to, whole.deepest, whole.values]);
      }
    }
  });

  it("[BOUND-38] long strings are passed over to where they end, whatever escapes they have and wherever they are cut", () => {
    const find = vi.spyOn(String.prototype, "indexOf");
    for (const filler of ["x", "日", "[", ",", "\\\\", '\\"', "\\u005b"]) {
      for (const units of [60, 64, 70, 400]) {
        const text = `{"a":"${filler.repeat(units)}","b":["${filler.repeat(units)}\\\\",{}]}`;
        for (let at = 0; at <= text.length; at += 7) {
          const { deepest, values, open } = new JsonScan().take(text.slice(0, at)).take(text.slice(at));
          expect({ filler, units, at, deepest, values, open }).toMatchObject({
            deepest: 3,
            values: 6,
            open: undefined,
          });
        }
      }
    }
    find.mockClear();
    new JsonScan().take(`"${"x".repeat(1_000_000)}"`);
    expect(find.mock.calls.length).toBe(2);
    // Two calls for every escape would take longer than to look at what is between them.
    find.mockClear();
    new JsonScan().take(`"${'日\\"'.repeat(10_000)}"`);
    expect(find.mock.calls.length).toBe(0);
    vi.restoreAllMocks();
  });

  it("[BOUND-7] values are counted outside of strings", () => {
    const text = '{"a":[1,2,{"b,c[":3}]}';
    expect([holdsMore(text, 5), holdsMore(text, 6)]).toEqual([true, false]);
  });

  it.each([66, 5_000, 200_000])(
    "[BOUND-7] %i levels are refused in words by every reader, and none throws",
    async (levels) => {
      const text = deep(levels);
      expect(parseArguments(text, rules)).toEqual({
        ok: false,
        detail: "The arguments are nested deeper than 64 levels.",
      });
      expect(parseArguments(JSON.stringify(text), rules).ok).toBe(false);
      expect(parseJson(text)).toBeUndefined();
      expect(classifyFailure({ status: 500, body: text }).code).toBe("model_unavailable");
      expect(await readTool({ name: "f", inputSchema: JSON.parse(text) })).toEqual([]);
    },
  );

  it("[BOUND-7] 64 levels are taken", () => {
    expect(parseArguments(deep(64), rules).ok).toBe(true);
    expect(parseJson(deep(64))).toBeDefined();
  });
});

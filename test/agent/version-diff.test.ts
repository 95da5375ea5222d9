import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type AgentDefinition, resolveAgent } from "../../src/agent/agent.ts";
import { contentOf } from "../../src/agent/version.ts";
import { versionDiff } from "../../src/agent/version-diff.ts";
import { defineTool } from "../../src/tools/tool.ts";

const tool = (name: string, description = "Does it.", input = z.object({ a: z.string() })) =>
  defineTool({ name, description, input, effect: "none", run: () => "" });
const base: AgentDefinition = {
  instructions: "One.\nTwo.\nThree.",
  models: [{ id: "m" }, { id: "n" }],
  tools: [tool("look")],
};
const prices = { hit: 28_000, miss: 280_000, output: 420_000 };
const diff = (after: AgentDefinition, before = base) =>
  versionDiff(contentOf(resolveAgent("a", before)), contentOf(resolveAgent("a", after)), prices);

describe("the difference of two versions", () => {
  it.each<[string, AgentDefinition, string[]]>([
    ["nothing", base, []],
    [
      "a line more",
      { ...base, instructions: "One.\nTwo.\nAnd a half.\nThree." },
      ["instructions: 1 line added at line 3 (16 -> 28 characters)"],
    ],
    ["a line less", { ...base, instructions: "One.\nThree." }, ["instructions: line 2 removed (16 -> 11 characters)"]],
    [
      "other lines",
      { ...base, instructions: "One.\n2.\n3." },
      ["instructions: lines 2 to 3 replaced by 2 lines (16 -> 10 characters)"],
    ],
    ["a tool more", { ...base, tools: [tool("look"), tool("buy")] }, ["tool buy: added"]],
    ["a tool's words", { ...base, tools: [tool("look", "Other.")] }, ["tool look: description changed"]],
    [
      "a tool's schema",
      { ...base, tools: [tool("look", "Does it.", z.object({ a: z.string().max(3) }))] },
      ["tool look: schema changed"],
    ],
    ["the order of models", { ...base, models: [{ id: "n" }, { id: "m" }] }, ["models: m, n -> n, m"]],
    [
      "a model's setting",
      { ...base, models: [{ id: "m", maxTokens: 100 }, { id: "n" }] },
      ["model m.maxTokens: the default -> 100"],
    ],
    ["a limit", { ...base, limits: { maxSteps: 3 } }, ["limits.maxSteps: 12 -> 3"]],
  ])("[VERSION-1] names %s in words", (_, after, changes) => {
    expect(diff(after).changes).toEqual(changes);
  });

  it("[VERSION-1] names every change, and shows no value without an end", () => {
    const after = {
      ...base,
      instructions: "x".repeat(9_000),
      models: [{ id: "m".repeat(10), profile: { note: "y".repeat(9_000) } }],
      limits: { turnSeconds: 1 },
    };
    const { changes } = diff(after as unknown as AgentDefinition);
    expect(changes.length).toBe(3);
    expect(Math.max(...changes.map((each) => each.length))).toBeLessThan(400);
  });

  it("[VERSION-2] says which tokens of the head providers read anew, and what that costs", () => {
    expect(diff(base).prefix).toMatchObject({ lostTokens: 0, lostMicros: 0, microsPerThousandTokens: 0 });
    // What no request begins with is not lost.
    expect(diff({ ...base, limits: { maxSteps: 3 } }).prefix.lostTokens).toBe(0);
    const all = diff({ ...base, tools: [tool("look", "Other.")] }).prefix;
    expect(all.lostTokens).toBe(all.headTokens);
    expect(all.lostMicros).toBe(Math.ceil((all.headTokens * 252_000) / 1_000_000));
    expect(all.microsPerThousandTokens).toBe(252);
    const other = diff({ ...base, models: [{ id: "n" }, { id: "m" }] }).prefix;
    expect(other.lostTokens).toBe(other.headTokens);
  });

  it("[VERSION-2] of instructions, what stands before the first change is kept, with the tools", () => {
    const long = { ...base, instructions: `${"The shop is open. ".repeat(500)}Be brief.` };
    const { headTokens, lostTokens } = diff({ ...long, instructions: `${long.instructions} And kind.` }, long).prefix;
    expect(headTokens).toBeGreaterThan(2_500);
    expect(lostTokens).toBeLessThan(30);
    const early = diff({ ...long, instructions: `Now: ${long.instructions}` }, long).prefix;
    expect(early.lostTokens).toBeGreaterThan(2_500);
  });

  it("[VERSION-2] without a price there is no sum", () => {
    const [before, after] = [base, { ...base, tools: [] }].map((each) => contentOf(resolveAgent("a", each)));
    if (before === undefined || after === undefined) throw new Error("no versions");
    expect(versionDiff(before, after, undefined).prefix).toMatchObject({
      lostMicros: null,
      microsPerThousandTokens: null,
    });
  });
});

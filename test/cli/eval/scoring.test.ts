import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type CaseInput, caseSchema } from "../../../src/cli/eval/dataset/case.ts";
import type { CaseOutcome } from "../../../src/cli/eval/run/result.ts";
import { isMatch, Stubs } from "../../../src/cli/eval/run/stubs.ts";
import { faultsOf, numbersIn } from "../../../src/cli/eval/score/expectations.ts";
import { ownScore, ownScorers } from "../../../src/cli/eval/score/own-scorers.ts";
import { scoreRun } from "../../../src/cli/eval/score/score-run.ts";
import { runTool } from "../../../src/tools/run-tool.ts";
import { createToolbox, defineTool } from "../../../src/tools/tool.ts";
import { toolContext } from "../../support/tool-context.ts";

const call = (name: string, input: unknown = {}, effect = "none") => ({
  name,
  input,
  result: "",
  isError: false,
  effect,
});
const outcome = (more: Partial<CaseOutcome> = {}): CaseOutcome => ({
  answer: "Your order 17 costs $1,234.50 and comes on Friday.",
  status: "completed",
  calls: [call("find_order", { number: "17", detail: "price" }), call("refund", { number: "17" }, "unsafe")],
  steps: 3,
  model: "m",
  inputTokens: 100,
  cachedTokens: 300,
  outputTokens: 20,
  costMicros: 50,
  firstEventMs: 10,
  durationMs: 900,
  unmatched: [],
  unusedStubs: [],
  ...more,
});
const caseOf = (more: Partial<CaseInput> = {}) => caseSchema.parse({ id: "c", input: "Where?", ...more });
const faults = (expectation: CaseInput["expect"], more?: Partial<CaseOutcome>) =>
  faultsOf(outcome(more), caseOf({ expect: expectation }).expect);

describe("expectations", () => {
  const rows: [CaseInput["expect"], string | undefined, Partial<CaseOutcome>?][] = [
    [{}, undefined],
    [{ exact: " Your order 17 costs $1,234.50 and comes on Friday.\n" }, undefined],
    [{ exact: "Yes" }, 'the answer is not exactly "Yes"'],
    [{ contains: ["FRIDAY", "order"] }, undefined],
    [{ contains: ["friday", "Monday"] }, 'the answer does not contain "Monday"'],
    [{ not_contains: "monday" }, undefined],
    [{ not_contains: "friday" }, 'the answer contains "friday"'],
    [{ matches: "^your ORDER \\d+" }, undefined],
    [{ matches: ["order", "^comes"] }, "the answer does not match /^comes/"],
    [{ numbers: [17, { value: 1234, tolerance: 1 }] }, undefined],
    [{ numbers: [{ value: 1233, tolerance: 1 }] }, "the answer has no number 1233 ± 1"],
    [{ numbers: [18] }, "the answer has no number 18"],
    [{ json: { type: "object", required: ["a"] } }, undefined, { answer: '{"a":1}' }],
    [{ json: { type: "object", required: ["a"] } }, "does not conform to the schema", { answer: '{"b":1}' }],
    [{ json: { type: "object" } }, "It does not parse", { answer: "no JSON" }],
    [{ tools: { called: ["refund", { name: "find_order", match: { number: "17" } }] } }, undefined],
    [
      { tools: { called: [{ name: "find_order", match: { number: "18" } }] } },
      'find_order({"number":"18"}) was not called; the calls were: find_order({"number":"17"',
    ],
    [{ tools: { not_called: ["refund"] } }, "refund was called"],
    [{ tools: { sequence: ["find_order", "refund"] } }, undefined],
    [{ tools: { sequence: ["refund", "find_order"] } }, "the calls are not in the order refund, find_order"],
    [{ tools: { exactly: ["find_order", "refund"] } }, undefined],
    [{ tools: { exactly: ["find_order"] } }, "the calls are not exactly find_order"],
    [{ tools: { exactly: [] } }, undefined, { calls: [] }],
    [{ tools: { max_steps: 2 } }, "it took 3 model calls; 2 are the most"],
    [{ tools: { no_unsafe: true } }, "refund was called, whose effect is unsafe"],
    [{ max_cost_micros: 50, max_latency_ms: 900, min_cached_share: 0.75 }, undefined],
    [{ max_cost_micros: 49 }, "it cost 50 micro-dollars; 49 are the most"],
    [{ max_latency_ms: 899 }, "it took 900 ms; 899 are the most"],
    [{ min_cached_share: 0.8 }, "75 % of its input was cached; 80 % are the least"],
    [{}, "the turn ended with step_limit, not completed", { status: "step_limit" }],
    [{ status: "waiting" }, undefined, { status: "waiting" }],
    [
      {},
      "failed (output_invalid: no JSON)",
      { status: "failed", error: { code: "output_invalid", detail: "no JSON" } },
    ],
    [{}, 'no stub answers find_order({"number":"9"})', { unmatched: [{ name: "find_order", input: { number: "9" } }] }],
  ];
  it.each(rows)("[EVAL-7] %j: %s", (expectation, fault, more) => {
    expect(faults(expectation, more)).toEqual(fault === undefined ? [] : [expect.stringContaining(fault)]);
  });

  it("[EVAL-7] reads numbers as people write them, and none out of words, versions and dates", () => {
    expect(numbersIn("1,234.5 and 1 000 000, -3, −4.25, 2e3, 7% and $5.")).toEqual([
      1234.5, 1_000_000, -3, -4.25, 2000, 7, 5,
    ]);
    expect(numbersIn("12,34 and v1.2.3 a1b")).toEqual([12, 34]);
    expect(numbersIn("")).toEqual([]);
  });
});

describe("stubs", () => {
  const tool = defineTool({
    name: "find",
    description: "Finds.",
    input: z.object({ number: z.string() }),
    effect: "none",
    run: () => "really",
  });
  const other = defineTool({
    name: "other",
    description: "Other.",
    input: z.object({}),
    effect: "none",
    run: () => "really",
  });
  const world = (given: Partial<CaseInput>, allLive = false) => {
    const stubs = new Stubs(caseOf(given), allLive);
    const box = createToolbox([tool, other].map((each) => stubs.of(each)));
    const run = async (number: string, name = "find") => {
      const written = name === "find" ? JSON.stringify({ number }) : "{}";
      const { content, isError } = await runTool(box, { id: "c", name, arguments: written }, toolContext());
      return isError ? `error: ${content}` : content;
    };
    return { stubs, run };
  };

  it("[EVAL-4] are used up in their order, each for the calls that it matches", async () => {
    const { stubs, run } = world({
      tools: [
        { name: "find", response: "first" },
        { name: "find", match: { number: "9" }, error: "No order 9." },
        { name: "find", response: { state: "second" } },
      ],
    });
    expect([await run("1"), await run("2"), await run("9"), await run("3")]).toEqual([
      "first",
      '{"state":"second"}',
      "error: No order 9.",
      "error: This call of find has no recorded result.",
    ]);
    expect(stubs.unmatched).toEqual([{ name: "find", input: { number: "3" } }]);
    expect(stubs.unused).toEqual([]);
  });

  it("[EVAL-4] a call that no stub answers does not run, unless its tool is live; what no call came for is named", async () => {
    const refused = world({ tools: [{ name: "find", match: { number: "5" }, response: "x", times: "any" }] });
    expect([
      await refused.run("5"),
      await refused.run("5"),
      await refused.run("1"),
      await refused.run("", "other"),
    ]).toEqual([
      "x",
      "x",
      "error: This call of find has no recorded result.",
      "error: This call of other has no recorded result.",
    ]);
    const live = world({
      live: ["other"],
      tools: [
        { name: "find", response: 1, times: 2 },
        { name: "find", response: 2 },
      ],
    });
    expect([await live.run("", "other"), await live.run("1"), await live.run("1")]).toEqual(["really", "1", "1"]);
    expect(live.stubs.unused).toEqual(["find"]);
    const all = world({ tools: [{ name: "find", response: 1 }] }, true);
    expect([await all.run("1"), await all.run("1"), await all.run("", "other")]).toEqual([
      "1",
      "error: This call of find has no recorded result.",
      "really",
    ]);
  });

  it.each([
    [undefined, 5, true],
    [{}, { a: 1 }, true],
    [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }, true],
    [{ a: { b: 1 } }, { a: { c: 2 } }, false],
    [{ a: [1, { x: 2 }] }, { a: [1, { x: 2, y: 3 }] }, true],
    [{ a: [1] }, { a: [1, 2] }, false],
    [{ a: 1 }, null, false],
    [[1], 1, false],
    ["x", "x", true],
    [null, undefined, false],
  ])("[EVAL-4] %j against %j: %s", (pattern, value, matches) => {
    expect(isMatch(pattern, value)).toBe(matches);
  });
});

describe("the project's own scorers", () => {
  const shop = "test/cli/eval/shop/evals";
  const named = (...own: string[]) => ({ folder: shop, cases: [caseOf({ expect: { own } })] });

  it("[EVAL-10] give a score from 0 to 1; what throws or gives nonsense is missing, and never 0", async () => {
    const own = await ownScorers(named("polite", "broken", "unsure", "wrong"));
    const scored = await scoreRun(
      caseOf({ expect: { own: ["polite", "broken", "unsure", "wrong"], contains: "order" } }),
      outcome(),
      { judge: undefined, own },
    );
    expect(scored.scores).toEqual({ passed: 1, polite: 0.25, broken: null, unsure: null, wrong: null });
    expect(scored.missing).toEqual([
      "broken: it threw: not today",
      "unsure: it gave no score",
      "wrong: it gave 7, which is not from 0 to 1",
    ]);
    expect(scored.faults).toEqual(["polite: 0.25, no please"]);
    const input = {
      case: { id: "c", tags: [], expect: {} },
      question: "",
      answer: "",
      status: "",
      calls: [],
      costMicros: 0,
      durationMs: 0,
    };
    expect(await ownScore(() => true, input)).toMatchObject({ score: 1 });
    expect(await ownScore(() => ({ score: null, reason: "no answer" }), input)).toEqual({
      score: null,
      reason: "no answer",
    });
  });

  it("[EVAL-10] one that is not there is named before anything runs", async () => {
    await expect(ownScorers(named("kind"))).rejects.toThrow("exports no function kind");
    await expect(ownScorers({ ...named("kind"), folder: "test/fixtures" })).rejects.toThrow(
      "There is no test/fixtures/scorers.ts",
    );
    expect(await ownScorers({ folder: "none", cases: [caseOf()] })).toEqual({});
  });
});

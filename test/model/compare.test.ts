import { describe, expect, it } from "vitest";
import { type Case, readCases, runCase, tableOf } from "../live/compare.ts";
import { calls, createFakeProvider, text } from "../support/fake-provider.ts";

const baseUrl = "https://api.cometapi.com/v1";
const plain: Case = {
  name: "sum",
  messages: ["What is 17 * 23?"],
  format: undefined,
  expect: { matches: ["391"], tools: ["calculator"], cached: false },
};

describe("comparing models", () => {
  it("[COMPARE-1] runs the shipped cases against the demo model", async () => {
    const cases = readCases("test/fixtures/cases");
    expect(cases.map(({ name }) => name)).toEqual(["follow-up", "json", "meeting", "sum", "two-tools"]);
    const provider = { baseUrl, apiKey: undefined, fetch: createFakeProvider().fetch };
    const outcomes = await Promise.all(
      cases.filter(({ name }) => name !== "json").map((each) => runCase(each, "demo", provider)),
    );
    expect(outcomes.map(({ faults }) => faults)).toEqual([[], [], [], []]);
    expect(outcomes.every(({ outputTokens, costMicros }) => outputTokens > 0 && costMicros > 0)).toBe(true);
  });

  it("[COMPARE-1] checks answers and counts what a model used and broke", async () => {
    const provider = createFakeProvider();
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"17*23",}' }]),
      text("It is 391."),
      text("About 400."),
    );
    const of = { baseUrl, apiKey: "k", fetch: provider.fetch };
    const good = await runCase(plain, "deepseek-v3.2-exp", of);
    expect(good).toMatchObject({
      faults: [],
      inputTokens: 72,
      cachedTokens: 128,
      outputTokens: 20,
      costMicros: 52,
      toolErrors: 0,
      repairs: 1,
    });
    const bad = await runCase(plain, "other-model", of);
    expect(bad.faults).toEqual(["no 391", "calculator not called"]);
    const table = tableOf([good, bad].map((outcome) => ({ ...outcome, firstEventMs: 1, durationMs: 2 })));
    expect(table.split("\n").map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
      [
        "case",
        "model",
        "answer",
        "first ms",
        "all ms",
        "input",
        "cached",
        "output",
        "cost µ$",
        "tool errors",
        "repairs",
      ],
      ["sum", "deepseek-v3.2-exp", "ok", "1", "2", "72", "128", "20", "52", "0", "1"],
      ["sum", "other-model", "no 391; calculator not called", "1", "2", "36", "64", "10", "0", "0", "0"],
      ["(all)", "deepseek-v3.2-exp", "1 of 1 ok", "1", "2", "72", "128", "20", "52", "0", "1"],
      ["(all)", "other-model", "0 of 1 ok", "1", "2", "36", "64", "10", "0", "0", "0"],
    ]);
  });

  it("[COMPARE-2] names the file of a case that is not written right, or a folder without any", () => {
    expect(() => readCases("test/fixtures/wire")).toThrow("There are no cases (*.json) in test/fixtures/wire.");
    expect(() => readCases("test/fixtures")).toThrow(/^meeting\.json: /);
  });
});

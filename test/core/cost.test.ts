import { expect, it } from "vitest";
import { addUsage, costMicros } from "../../src/core/cost.ts";

const prices = { hit: 28_000, miss: 280_000, output: 420_000 };
const usage = { inputTokens: 1, cachedTokens: 2, outputTokens: 3, reasoningTokens: 1 };

it("[TURN-13] money is whole micro-dollars, rounded up", () => {
  expect(
    costMicros(
      { inputTokens: 1_000_000, cachedTokens: 1_000_000, outputTokens: 1_000_000, reasoningTokens: 0 },
      prices,
    ),
  ).toBe(728_000);
  expect(costMicros(usage, prices)).toBe(2);
  expect(costMicros({ ...usage, inputTokens: 0, cachedTokens: 0, outputTokens: 0 }, prices)).toBe(0);
});

it("[TURN-13] usage is summed field by field", () => {
  expect(addUsage(usage, usage)).toEqual({ inputTokens: 2, cachedTokens: 4, outputTokens: 6, reasoningTokens: 2 });
});

import { describe, expect, it } from "vitest";
import { shortageFailure } from "../../src/core/budget-words.ts";
import { failureOf } from "../../src/doors/openai/openai-failure.ts";
import { standingOf } from "../../src/doors/openai/responses/response-object.ts";
import { endingWords } from "../../src/playground/chat/ending-words.ts";

describe("a budget that allows no call", () => {
  it("[BUDGET-4] both numbers, in dollars and in the unit of the setting, and how much would do", () => {
    const { code, detail } = shortageFailure({ neededMicros: 12_340, leftMicros: 1_500, budgetMicros: 60_000 });
    expect(code).toBe("budget_exhausted");
    expect(detail).toBe(
      "The next model call may cost up to $0.01234 (12340 micro-dollars), and $0.0015 (1500 micro-dollars) is left of the account's budget. Send a shorter message or begin a new session, or raise the account's budget_micros to 70840 or more through /v1/admin.",
    );
  });

  it("[BUDGET-5] a budget of each month says when it begins anew", () => {
    const missing = { neededMicros: 2, leftMicros: 1, budgetMicros: 3, resetsAtMs: Date.UTC(2026, 11, 1) };
    expect(shortageFailure(missing).detail).toContain("begins anew on 2026-12-01 (UTC). Send");
  });

  it.each([
    [0, "$0.00 ("],
    [1, "$0.000001 ("],
    [2_500_000, "$2.50 ("],
    [10_000_000, "$10.00 ("],
  ])("[BUDGET-4] %d micro-dollars are %s", (leftMicros, shown) => {
    expect(shortageFailure({ neededMicros: 20_000_000, leftMicros, budgetMicros: leftMicros }).detail).toContain(shown);
  });

  it("[BUDGET-4] entries of earlier versions, which say no numbers, have a sentence at each door", () => {
    const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    const ended = {
      type: "turn.ended",
      turn: "turn_1",
      reason: "budget_exhausted",
      usage,
      costMicros: 0,
      steps: 0,
    } as const;
    expect(failureOf(ended)).toMatchObject({
      status: 429,
      error: { code: "insufficient_quota", message: expect.stringContaining("budget") },
    });
    expect(JSON.stringify(standingOf(ended))).toContain("budget");
    expect(endingWords("budget_exhausted")).toContain("budget");
  });
});

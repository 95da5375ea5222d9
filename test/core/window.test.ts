import { describe, expect, it } from "vitest";
import { messagesOf } from "../../src/core/request.ts";
import {
  cutAt,
  estimateTokens,
  isFull,
  requestTokens,
  textLimits,
  tokensToKeep,
  type WindowPart,
} from "../../src/core/window.ts";
import { asking, result, user } from "../support/entries.ts";

const parts = (...sizes: (number | [number])[]): WindowPart[] =>
  sizes.map((size, place) => ({
    lastSeq: (place + 1) * 10,
    tokens: typeof size === "number" ? size : size[0],
    // A size in brackets begins a turn.
    beginsTurn: typeof size !== "number",
  }));

describe("the window", () => {
  it("[WINDOW-1] counts Chinese letters for twice as much as Latin ones", () => {
    expect(estimateTokens("a".repeat(1_000))).toBe(308);
    expect(estimateTokens("東".repeat(1_000))).toBe(608);
  });

  it("[WINDOW-1] leaves room for the answer, but at least half the window for the question", () => {
    expect(requestTokens({ contextTokens: 128_000, maxTokens: 8_000 })).toBe(120_000);
    expect(requestTokens({ contextTokens: 8_000, maxTokens: 32_000 })).toBe(4_000);
    expect(isFull(96_000, { contextTokens: 128_000, maxTokens: 8_000 })).toBe(false);
    expect(isFull(96_001, { contextTokens: 128_000, maxTokens: 8_000 })).toBe(true);
    expect(tokensToKeep("in_time", 100_000, { contextTokens: 128_000, maxTokens: 8_000 })).toBe(30_000);
    expect(tokensToKeep("overflow", 10_000, { contextTokens: 128_000, maxTokens: 8_000 })).toBe(5_000);
  });

  const cuts: [what: string, parts: WindowPart[], keep: number, throughSeq: number | undefined][] = [
    ["nothing to cut", parts(), 100, undefined],
    ["one part stays", parts([500]), 100, undefined],
    ["the last part stays, however large", parts([10], [500]), 100, 10],
    ["as much as fits stays", parts([50], [50], [50], [50]), 100, 20],
    ["a step is not kept without its turn when the turn fits", parts([90], 90, [20], 30, 30), 100, 20],
    ["a cut inside the turn when the turn does not fit", parts([90], 90, 40, 40), 100, 20],
    ["a cut before a later turn rather than inside an earlier one", parts([90], 40, [30], 20), 100, 20],
    ["all fits: the first part leaves nevertheless", parts([10], [10], [10]), 100, 10],
  ];
  it.each(cuts)("[WINDOW-2] %s", (_what, all, keep, throughSeq) => {
    expect(cutAt(all, keep)).toBe(throughSeq);
  });

  it("[WINDOW-3] a text over its share is cut, says where the rest is, and halves no character", () => {
    const limits = { resultChars: 5, messageChars: 7 };
    const entries = [
      { ...user({ content: "1234567890" }), seq: 4 },
      { ...asking(["lookup"]), seq: 5 },
      { ...result("c0", { content: "abcd😀efg" }), seq: 6 },
    ];
    const [question, , answer] = messagesOf(entries, { limits });
    expect(question?.content).toBe("1234567\n[cut: 3 more characters; to read on: read_entry with seq 4, offset 7]");
    expect(answer?.content).toBe("abcd\n[cut: 5 more characters; to read on: read_entry with seq 6, offset 4]");
    expect(messagesOf(entries)[0]?.content).toBe("1234567890");
  });

  it("[WINDOW-3] shares grow with the window, within bounds", () => {
    expect(textLimits(128_000)).toEqual({ resultChars: 30_000, messageChars: 128_000 });
    expect(textLimits(8_000)).toEqual({ resultChars: 2_000, messageChars: 8_000 });
    expect(textLimits(1_000)).toEqual({ resultChars: 1_000, messageChars: 2_000 });
  });
});

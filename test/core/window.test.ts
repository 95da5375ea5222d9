import { describe, expect, it } from "vitest";
import { keepEnds, outline } from "../../src/core/outline.ts";
import { messagesOf } from "../../src/core/request.ts";
import {
  cutAt,
  estimateTokens,
  isFull,
  isWorthwhile,
  requestTokens,
  resultShare,
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
    const limits = { ...textLimits(128_000), resultChars: 5, messageChars: 7 };
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
    expect(textLimits(128_000)).toMatchObject({ resultChars: 30_000, messageChars: 128_000 });
    expect(textLimits(8_000)).toMatchObject({ resultChars: 2_000, messageChars: 8_000 });
    expect(textLimits(1_000)).toMatchObject({ resultChars: 1_000, messageChars: 2_000 });
  });
});

describe("results of one step", () => {
  const limits = textLimits(128_000);
  const shares: [what: string, lengths: number[], share: number][] = [
    ["one long one is cut as always", [4_000_000], 30_000],
    ["three long ones as well", [30_000, 30_000, 30_000], 30_000],
    ["twenty long ones share", Array.from({ length: 20 }, () => 30_000), 4_700],
    ["short ones leave their share to the others", [...Array.from({ length: 18 }, () => 100), 90_000, 90_000], 30_000],
    ["between", [1_000, 40_000, 40_000, 40_000, 40_000], 23_650],
    ["none", [], 30_000],
  ];
  it.each(shares)("[YEARS-3] %s", (_what, lengths, share) => {
    expect(resultShare(lengths, limits)).toBe(share);
    const shown = lengths.reduce((sum, length) => sum + Math.min(length, share), 0);
    expect(shown).toBeLessThanOrEqual(limits.stepChars);
  });

  it("[YEARS-3] fit any window together, and each says where it goes on", () => {
    for (const contextTokens of [4_000, 8_000, 32_000, 128_000, 1_000_000]) {
      for (const [letter, many] of [
        ["a", 20],
        ["東", 20],
        ["東", 128],
        ["a", 1],
      ] as const) {
        const names = Array.from({ length: many }, () => "lookup");
        const results = names.map((_, n) => ({ ...result(`c${n}`, { content: letter.repeat(30_000) }), seq: n + 3 }));
        const entries = [{ ...user(), seq: 1 }, { ...asking(names), seq: 2 }, ...results];
        const messages = messagesOf(entries, { limits: textLimits(contextTokens) }).slice(2);
        const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
        if (contextTokens >= 32_000) expect(tokens).toBeLessThan(contextTokens * 0.65);
        const cut = messages.filter(({ content }) => content.length < 30_000);
        for (const { content } of cut) expect(content).toMatch(/read_entry with seq \d+, offset \d+\]$/);
      }
    }
  });
});

describe("summaries", () => {
  it("[YEARS-2] one that is too long keeps its beginning and its end, and says how much is left out", () => {
    expect(keepEnds("short", 10)).toBe("short");
    const text = `begin ${"😀".repeat(50_000)} end`;
    const kept = keepEnds(text, 8_001);
    expect(kept.startsWith("begin 😀")).toBe(true);
    expect(kept.endsWith("😀 end")).toBe(true);
    expect(kept.isWellFormed()).toBe(true);
    expect(kept.length).toBeLessThan(8_100);
    const left = Number(/\((\d+) characters are left out here\.\)/.exec(kept)?.[1]);
    expect(kept.length - `\n(${left} characters are left out here.)\n`.length + left).toBe(text.length);
  });

  it("[YEARS-4] an outline keeps both ends of what it stands for, however often one follows another", () => {
    let before: string | undefined;
    for (let round = 0; round < 50; round++) {
      const lines = Array.from({ length: 300 }, (_, n) => `The person: round ${round} message ${n} ${"x".repeat(40)}`);
      const next = outline(before, lines);
      expect(next).toContain(`round ${round} message 0 `);
      expect(next).toContain(`round ${round} message 299 `);
      expect(next).toMatch(/\(\d+ messages between are left out\.\)/);
      expect(next.length).toBeLessThan(11_000);
      if (round > 0) {
        expect(next).toContain("round 0 message 0 ");
        expect(next).toContain(`round ${round - 1} message 299 `);
      }
      before = next;
    }
  });

  const limits = { contextTokens: 128_000, maxTokens: 8_000 };
  it("[YEARS-2] another one is made only where it makes real room, also behind a head that fills the window nearly", () => {
    expect(isWorthwhile(20_000, 2_400, { ...limits, fixedTokens: 10_000 })).toBe(false);
    expect(isWorthwhile(25_000, 2_400, { ...limits, fixedTokens: 10_000 })).toBe(true);
    expect(isWorthwhile(3_000, 2_400, { ...limits, fixedTokens: 90_000 })).toBe(false);
    expect(isWorthwhile(3_600, 2_400, { ...limits, fixedTokens: 90_000 })).toBe(true);
    expect(tokensToKeep("in_time", 100_000, { ...limits, fixedTokens: 90_000 })).toBe(3_000);
    expect(tokensToKeep("in_time", 100_000, { ...limits, fixedTokens: 10_000 })).toBe(30_000);
  });
});

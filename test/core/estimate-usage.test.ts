import { describe, expect, it, vi } from "vitest";
import { addUsage, noUsage } from "../../src/core/cost.ts";
import { estimatedUsage, outputRatio, textsTokens, textTokens } from "../../src/core/estimate-usage.ts";

/** Texts of the kinds that were measured with DeepSeek's V3 tokenizer, and characters per token of each. */
const measured: [kind: string, text: string, charsPerToken: number][] = [
  [
    "English",
    "The harbour was quiet that morning, and nobody on the pier knew why the ferry had not come in yet. ",
    3.59,
  ],
  [
    "German",
    "Der Hafen war an diesem Morgen still, und niemand auf dem Steg wusste, warum die Fähre noch fehlte. ",
    3.38,
  ],
  ["Russian", "Утром в гавани было тихо, и никто на причале не знал, почему паром ещё не пришёл. ", 3.41],
  ["Chinese", "那天早上港口很安静，码头上没有人知道渡船为什么还没有来。", 1.72],
  ["Japanese", "その朝、港は静かで、桟橋にいた誰もフェリーがまだ来ない理由を知らなかった。", 1.5],
  [
    "JSON schema",
    '{"type":"object","properties":{"expression":{"type":"string","description":"What to compute"}},"required":["expression"]}',
    3.88,
  ],
  ["timestamps", "2026-11-25T17:44:44Z 2026-11-25T18:02:10Z ", 1.56],
  ["numbers", "120,455,310\n872,119,604\n", 1.61],
  ["ids", "8f14e45f-ceea-467f-a83c-901f2ba5e6d1 ", 1.33],
  ["base64", "aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQgdGV4dCB3aXRoIG5v\n", 1.54],
];

describe("tokens by script", () => {
  it.each(measured)("[COST-1] %s", (_kind, text, charsPerToken) => {
    const many = text.repeat(40);
    const ratio = textTokens(many) / (many.length / charsPerToken);
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.18);
  });

  it("[COST-1] takes little time for a long text, and nothing for none", () => {
    expect(textTokens("")).toBe(0);
    // Work that grows with the square would not end within the test's time.
    expect(textTokens("a1".repeat(2_000_000))).toBeGreaterThan(1_000_000);
  });

  it("[COST-1] an answer's reasoning, text and calls are counted, and the whole is marked", () => {
    const sent = { tokens: 1000.4, cachedTokens: 640, outputRatio: 2 };
    const english = measured[0]?.[1] ?? "";
    const usage = estimatedUsage(sent, { reasoning: english, text: english, calls: "" });
    expect(usage).toMatchObject({ inputTokens: 361, cachedTokens: 640, estimated: true });
    expect(usage.outputTokens).toBe(2 * usage.reasoningTokens);
    expect(estimatedUsage({ ...sent, cachedTokens: 9_999 }, { reasoning: "", text: "", calls: "" })).toMatchObject({
      inputTokens: 0,
      cachedTokens: 1001,
      outputTokens: 0,
    });
    expect(addUsage(noUsage, usage).estimated).toBe(true);
    expect(addUsage(noUsage, noUsage)).not.toHaveProperty("estimated");
  });

  it("[COST-2] the ratio follows the provider's counts, slowly while little is known", () => {
    expect(outputRatio([])).toBe(1);
    expect(outputRatio([{ outputTokens: 2, estimated: 1 }])).toBeCloseTo(1.03, 2);
    expect(outputRatio([{ outputTokens: 3_000, estimated: 2_000 }])).toBeCloseTo(1.49, 2);
    expect(outputRatio([{ outputTokens: 90_000, estimated: 2_000 }])).toBe(4);
    expect(outputRatio([{ outputTokens: 0, estimated: 2_000 }])).toBe(0.25);
  });
});

it("[BOUND-40] of many texts no more is read than of one, and the estimate is the same", () => {
  const text = `${"What it says is plain. ".repeat(200)}${"日本語".repeat(500)}`;
  const texts = Array<string>(1_000).fill(text);
  const read = vi.spyOn(String.prototype, "charCodeAt");
  const tokens = textsTokens(texts);
  expect(read.mock.calls.length).toBeLessThan(600_000);
  vi.restoreAllMocks();
  const each = textTokens(text);
  expect(textsTokens([text, text])).toBe(2 * each);
  expect(Math.abs(tokens / (1_000 * each) - 1)).toBeLessThan(0.25);
});

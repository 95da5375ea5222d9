import { describe, expect, it } from "vitest";
import { SpecialTokens } from "../../src/model/special-tokens.ts";

const shown = (...pieces: string[]) => {
  const tokens = new SpecialTokens();
  return pieces.map((piece) => tokens.take(piece)).join("") + tokens.end();
};

const texts: [text: string, expected: string][] = [
  // DeepSeek's go wherever they are.
  ["<｜begin▁of▁sentence｜>Hi<｜end▁of▁sentence｜>", "Hi"],
  ["a<｜User｜>b<｜Assistant｜>c", "abc"],
  ["I<｜begin▁of▁sentence｜><｜begin▁of▁sentence｜>", "I"],
  ["a<|end_of_sentence|>b<|begin of sentence|>c<|EOT|>", "abc"],
  ["a<｜▁pad▁｜>b<｜place▁holder▁no▁7｜>c<｜fim▁hole｜>", "abc"],
  ["Hi<｜end▁of▁sen", "Hi"],
  ["```\ncode\n```<｜end▁of▁sentence｜>", "```\ncode\n```"],
  ["```\ncode\n```\n<｜end▁of▁sentence｜>", "```\ncode\n```\n"],
  // Of other families at the end of the answer alone.
  ["Hi<|im_end|>", "Hi"],
  ["Hi<|im_end|>\n<|endoftext|>\n", "Hi"],
  ["<|im_end|> ends a message", "<|im_end|> ends a message"],
  ["a <|eot_id|> b<|eot_id|>", "a <|eot_id|> b"],
  // Someone writes about them, in code.
  ["The token `<｜end▁of▁sentence｜>` ends it.", "The token `<｜end▁of▁sentence｜>` ends it."],
  ["```\n<｜User｜>Hi<｜Assistant｜>\n```\nSo<｜User｜>.", "```\n<｜User｜>Hi<｜Assistant｜>\n```\nSo."],
  ["~~~\n<｜User｜>\n~~~\n", "~~~\n<｜User｜>\n~~~\n"],
  ["```a```<｜User｜>b", "```a```b"],
  // No tokens.
  ["a < b, c<d, <b>bold</b> <", "a < b, c<d, <b>bold</b> <"],
  ["x <｜ y ｜ z", "x <｜ y ｜ z"],
  ["<｜a\nb｜>", "<｜a\nb｜>"],
  ['<｜DSML｜invoke name="x">', '<｜DSML｜invoke name="x">'],
  ["<｜tool▁calls▁begin｜><｜tool▁sep｜>", "<｜tool▁calls▁begin｜><｜tool▁sep｜>"],
  [`<｜${"x".repeat(100)}｜>`, `<｜${"x".repeat(100)}｜>`],
];

describe("special tokens", () => {
  it.each(texts)("[STREAM-28] %j, cut anywhere", (text, expected) => {
    expect(shown(text)).toBe(expected);
    expect(shown(...text)).toBe(expected);
    for (let cut = 1; cut < text.length; cut++) expect(shown(text.slice(0, cut), text.slice(cut))).toBe(expected);
  });

  it("[STREAM-28] holds nothing back that cannot become one", () => {
    const tokens = new SpecialTokens();
    expect(tokens.take("a < b")).toBe("a < b");
    expect(tokens.take(" <｜DSML｜inv")).toBe(" <｜DSML｜inv");
    expect(tokens.take(" <｜Us")).toBe(" ");
    expect(tokens.take("ing bars")).toBe("");
    expect(tokens.take("\n")).toBe("<｜Using bars\n");
  });

  it("[STREAM-28] costs the same per piece however long the answer is", () => {
    const tokens = new SpecialTokens();
    // Work that grows with the answer would not end within the test's time.
    let length = 0;
    for (let n = 0; n < 200_000; n++) length += tokens.take("some `code` and a < b ").length;
    expect(length).toBeGreaterThan(4_000_000);
  });
});

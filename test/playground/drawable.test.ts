import { describe, expect, it } from "vitest";
import { blocksOf } from "../../src/playground/markdown/blocks.ts";
import { isDrawable } from "../../src/playground/markdown/drawable.ts";

const prose = "A sentence with *stars*, `code` and [a link](https://a.example/b_c). ";

describe("answers that cannot be drawn", () => {
  it.each([">", "> ", "- ", "* ", "+ ", "1. ", "1) ", "> - ", "- 1. "])(
    "[BOUND-9] an answer of %j is shown as it is written",
    (unit) => {
      const text = unit.repeat(4_000);
      expect(blocksOf(text).map(({ type, raw }) => [type, raw])).toEqual([["plain", text]]);
    },
  );

  it.each(["!", "a_", "**a", "![", "[", "`a", "``a", "<", "~~a", "a@"])(
    "[BOUND-9] 64 kB of %j is shown as it is written",
    (unit) => {
      expect(isDrawable(unit.repeat(Math.ceil(65_536 / unit.length)))).toBe(false);
    },
  );

  it("[BOUND-9] lists inside lists by indentation are", () => {
    const text = Array.from({ length: 200 }, (_, n) => `${"  ".repeat(n)}- a`).join("\n");
    expect(isDrawable(text)).toBe(false);
  });

  it.each([
    ["a long answer", `${prose.repeat(10)}\n\n`.repeat(200)],
    ["a long list", `- ${prose}\n`.repeat(1_000)],
    ["a long table", `|a|b|\n|-|-|\n${`|${prose}|b|\n`.repeat(1_000)}`],
    ["a long block of code", `\`\`\`\n${"a[i]* = b[j] ** `c` | !d; // _e_\n".repeat(3_000)}\`\`\``],
    ["deep code", `~~~\n${" ".repeat(300)}- a\n~~~`],
    ["a list of five levels", "- a\n  - b\n    - c\n      - d\n        - e"],
    ["one long paragraph", prose.repeat(100)],
  ])("[BOUND-9] %s is drawn", (_, text) => {
    expect(isDrawable(text)).toBe(true);
    expect(blocksOf(text).some(({ type }) => type === "plain")).toBe(false);
  });
});

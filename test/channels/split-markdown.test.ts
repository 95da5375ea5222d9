import { describe, expect, it } from "vitest";
import { splitMarkdown } from "../../src/channels/split-markdown.ts";
import { randomOf } from "../support/random.ts";

const seed = Number(process.env.SEED ?? 20261124);
const limits = [60, 200, 2_000, 11_000];

const from =
  (next: () => number) =>
  <T>(things: readonly T[]): T =>
    things[Math.floor(next() * things.length)] as T;

const words =
  "plain|words|family 👨‍👩‍👧|[a link](https://example.com/a?b=c)|**bold**|日本語です。|`code`|🇩🇪🇫🇷|e\u0301|a_b|1.";
const longWords = ["x".repeat(70), "👩🏽‍🚀".repeat(30), "🇩🇪".repeat(40), "語".repeat(90)];

/** Paragraphs, lists, long lines, emoji, links and code, as a model writes them. Every fence stands on a line of its own. */
function randomText(next: () => number, chars: number): string {
  const pick = from(next);
  const word = () => (next() < 0.03 ? pick(longWords) : pick(words.split("|")));
  const line = (most: number) =>
    Array.from({ length: 1 + Math.floor(next() * most) }, word).join(" ") + pick([".", "", "!", "?"]);
  let text = "";
  while (text.length < chars) {
    if (next() < 0.3) {
      const [indent, marks] = [" ".repeat(Math.floor(next() * 4)), pick(["```", "~~~", "~~~~", "````"])];
      const code = Array.from({ length: Math.floor(next() * 12) }, () => `${pick(["", "  ", "\t"])}${line(9)}\n`);
      const inner = marks === "````" ? "```\n" : "";
      text += `${indent}${marks}${pick(["", "ts", " yaml"])}\n${inner}${code.join(pick(["", "\n"]))}${indent}${marks}\n\n`;
    } else text += `${pick(["", "- ", "# "])}${line(next() < 0.2 ? 90 : 12)}${pick(["\n", "\n\n"])}`;
  }
  return text;
}

/** No language at all: marks, brackets and halves of characters anywhere. */
function wildText(next: () => number, tokens: number): string {
  const pick = from(next);
  const some = [
    "```",
    "~~~",
    "````",
    "``",
    "`",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "    ",
    "word",
    "[",
    "](",
    ")",
    "😀",
    "\u200d",
  ];
  return Array.from({ length: tokens }, () => pick([...some, ". ", "\ud83d", "日本。", "x".repeat(40)])).join("");
}

/** What a reader of CommonMark sees: each character but white space, with the language of the code it stands in. */
function seen(text: string): { shown: string[]; isOpen: boolean } {
  const shown: string[] = [];
  let open: { marks: string; info: string } | undefined;
  for (const line of text.split("\n")) {
    const [, marks = "", info = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/s.exec(line) ?? [];
    const opens = open === undefined && marks !== "" && !(marks[0] === "`" && info.includes("`"));
    const closes = open?.marks[0] === marks[0] && info.trim() === "" && marks.length >= (open?.marks.length ?? 0);
    if (opens) open = { marks, info: info.trim() };
    else if (marks !== "" && closes) open = undefined;
    else
      for (const unit of line.replace(/\s+/g, "").split(""))
        shown.push(`${open?.marks ?? ""}${open?.info ?? ""}:${unit}`);
  }
  return { shown, isOpen: open !== undefined };
}

function expectWhole(text: string, limit: number): void {
  const pieces = splitMarkdown(text, limit);
  const read = pieces.map(seen);
  expect(Math.max(0, ...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(limit);
  expect(pieces.filter((piece) => piece.trim() === "")).toEqual([]);
  expect(read.slice(0, -1).filter(({ isOpen }) => isOpen)).toEqual([]);
  expect(read.at(-1)?.isOpen ?? false).toBe(seen(text).isOpen);
  expect(read.flatMap(({ shown }) => shown)).toEqual(seen(text).shown);
}

function expectStable(text: string, limit: number, step: () => number): void {
  const whole = splitMarkdown(text, limit);
  for (let length = 1; length < text.length; length += step()) {
    const done = splitMarkdown(text.slice(0, length), limit).slice(0, -1);
    expect(whole.slice(0, done.length)).toEqual(done);
  }
}

describe(`cutting Markdown (SEED=${seed})`, () => {
  const next = randomOf(seed);
  const texts = Array.from({ length: 120 }, (_, n) => randomText(next, 100 + n * 150));
  const wild = Array.from({ length: 120 }, () => wildText(next, 200).replace(/(`{12}|~{12})[`~]+/g, "$1"));

  it.each(limits)("[CHANNEL-2] pieces of %d fit, stand alone, and say the text once, code as code", (limit) => {
    for (const text of texts) expectWhole(text, limit);
  });

  it.each(limits)("[CHANNEL-2] pieces of %d stay as they are while the text grows", (limit) => {
    for (const text of texts.filter(({ length }, n) => n % 6 === 0 && length < limit * 10)) {
      expectStable(text, limit, () => 1 + Math.floor(next() * (limit / 20)));
    }
  });

  it("[CHANNEL-2] the last piece only grows at its end until it is cut", () => {
    for (const text of texts.slice(0, 12)) {
      const whole = splitMarkdown(text.trimEnd(), 100_000)[0] ?? "";
      for (let length = 1; length < text.length; length += 7) {
        expect(whole.startsWith(splitMarkdown(text.slice(0, length), 100_000)[0] ?? "")).toBe(true);
      }
    }
  });

  it("[CHANNEL-2] whatever the text: pieces fit, stand alone, lose nothing, and stay", () => {
    const marksOut = (text: string) => text.replace(/[\s`~]+/g, "");
    for (const text of wild) {
      const pieces = splitMarkdown(text, 60);
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(60);
      for (const piece of pieces.slice(0, -1)) expect(seen(piece).isOpen, piece).toBe(false);
      expect(pieces.every((piece) => piece.trim() !== "")).toBe(true);
      // What stands behind marks on their line may be said again when the fence opens again.
      expect(marksOut(pieces.join("")).length).toBeGreaterThanOrEqual(marksOut(text).length);
      expectStable(text, 60, () => 1 + Math.floor(next() * 60));
    }
  });

  it.each([2_000, 11_000])("[CHANNEL-2] an answer of 30,000 characters with code, in pieces of %d", (limit) => {
    const text = randomText(next, 30_000);
    expectWhole(text, limit);
    expect(splitMarkdown(text, limit).length).toBeLessThanOrEqual(Math.ceil(text.length / limit) * 2);
    expectStable(text, limit, () => 97);
  });

  it("[CHANNEL-2] what fits is one piece to the last unit, and nothing is none", () => {
    expect(splitMarkdown("a".repeat(2_000), 2_000)).toEqual(["a".repeat(2_000)]);
    expect(splitMarkdown("a".repeat(2_001), 2_000).map(({ length }) => length)).toEqual([2_000, 1]);
    const code = `\`\`\`ts\n${"a".repeat(1_989)}\n\`\`\``;
    expect(splitMarkdown(code, 2_000)).toEqual([code]);
    expect(splitMarkdown(" \n\n", 60)).toEqual([]);
    expect(splitMarkdown(`${" ".repeat(500)}\n${"\n".repeat(500)}a`, 60)).toEqual(["a"]);
  });

  it.each([
    ["a blank line", `${"a".repeat(40)}\n\n${"b ".repeat(6)}\n${"b ".repeat(20)}`, "a".repeat(40)],
    ["a line end", `${"a ".repeat(20)}\n${"b. ".repeat(30)}`, "a ".repeat(20).trim()],
    ["a line end before one in code", `${"a".repeat(40)}\n\`\`\`\nb\nc\nd\n${"e".repeat(50)}`, "a".repeat(40)],
    ["a sentence", `${"word ".repeat(8)}end. ${"more ".repeat(10)}`, `${"word ".repeat(8)}end.`],
    ["a sentence without spaces", `${"語".repeat(40)}。${"日".repeat(40)}`, `${"語".repeat(40)}。`],
    ["a word", `${"word ".repeat(10)}${"x".repeat(40)}`, "word ".repeat(10).trim()],
    ["any place", "x".repeat(80), "x".repeat(60)],
    [
      "any place, as blank lines in the first half do not count",
      `a\n\nb. c ${"x".repeat(90)}`,
      `a\n\nb. c ${"x".repeat(52)}`,
    ],
  ])("[CHANNEL-2] a cut is at %s", (_, text, first) => {
    expect(splitMarkdown(text, 60)[0]).toBe(first);
  });

  it.each(["👩‍🚀", "👩🏽‍🚀", "🇩🇪", "e\u0301", "😀", "👨‍👩‍👧‍👦", "각"])("[CHANNEL-2] no cut tears %s", (character) => {
    for (let limit = 60; limit < 80; limit++) {
      const pieces = splitMarkdown(character.repeat(100), limit);
      expect(pieces.join("")).toBe(character.repeat(100));
      for (const piece of pieces) expect(piece).toBe(character.repeat(piece.length / character.length));
    }
  });

  it.each([32, 40, 45, 55])("[CHANNEL-2] no cut tears a link that begins at %d", (chars) => {
    const link = "[some words here](https://example.com/long)";
    for (const before of ["w ".repeat(chars / 2), "語".repeat(chars)]) {
      expect(splitMarkdown(`${before}${link} and more`, 60).some((piece) => piece.includes(link))).toBe(true);
    }
  });

  it("[CHANNEL-2] a code block that is cut is closed and opened again with its language", () => {
    for (const [open, close] of ["```ts|```", "   ~~~~ yaml|   ~~~~"].map((fence) => fence.split("|"))) {
      const lines = Array.from({ length: 40 }, (_, n) => `   const line${n} = ${n};`);
      const pieces = splitMarkdown(`Look:\n\n${open}\n${lines.join("\n")}\n${close}\n\nDone.`, 200);
      expect(pieces.length).toBeGreaterThan(3);
      for (const piece of pieces.slice(1, -1)) {
        expect(piece.startsWith(`${open}\n   const line`)).toBe(true);
        expect(piece.endsWith(`;\n${close}`)).toBe(true);
      }
    }
  });

  it("[CHANNEL-2] a cut leaves no empty code block behind", () => {
    const read = (length: number) =>
      splitMarkdown(`${"a".repeat(length)}\n\n\`\`\`ts\n${"b".repeat(30)}\n\`\`\`\nend`, 60);
    for (let length = 1; length < 60; length++) {
      for (const piece of read(length)) expect(piece).not.toMatch(/```ts\s*```/);
    }
  });

  it("[CHANNEL-2] takes time in proportion to the text", () => {
    const hard = [
      "[".repeat(400_000),
      "[](".repeat(130_000),
      "`".repeat(400_000),
      " ".repeat(400_000),
      "```\n".repeat(100_000),
    ];
    for (const text of [...hard, ".".repeat(400_000), "a ".repeat(200_000), "👩‍🚀".repeat(80_000)]) {
      // Work that grows with the square would not end within the test's time.
      expect(splitMarkdown(`${text}a`, 11_000).length).toBeGreaterThan(0);
    }
  });
});

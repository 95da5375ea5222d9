import { expect, it } from "vitest";
import { LineText } from "../../../../src/doors/copies/line-text.ts";
import { randomOf } from "../../../support/random.ts";

/** What became of a line that came in pieces of so many units. */
function read(line: string, units: (at: number) => number) {
  const text = new LineText();
  const parts: string[] = [];
  for (let at = 0; at < line.length; ) {
    const to = at + units(at);
    parts.push(...text.take(line.slice(at, to)));
    at = to;
  }
  return { text, parts };
}

/** The object that line and parts are together. */
function together({ text, parts }: ReturnType<typeof read>): unknown {
  const value = JSON.parse(text.text);
  const { field } = text.taken ?? {};
  return field === undefined ? value : { ...value, [field]: value[field] + parts.join("") };
}

const pieces = ["plain text ", "\\", '"', "\n", "\u0000", "é", "日本", "\ud83d\ude00", "\\u12", '","content":"', "{[,"];
const mixed = (units: number) => {
  const random = randomOf(units);
  let text = "";
  while (text.length < units) text += (pieces[Math.floor(random() * pieces.length)] ?? "").repeat(3);
  return text;
};
/** JSON as others write it: each unit over ASCII as an escape. */
const ascii = (value: unknown) =>
  JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const long = mixed(1_000_000);
const chunk = () => 65_536;

it.each([
  ["content", JSON.stringify({ seq: 1, content: long, z: [1] })],
  ["content with escapes alone", ascii({ content: long, seq: 1 })],
  ["content of backslashes", JSON.stringify({ content: "\\".repeat(500_000), seq: 1 })],
  ["content of quotes", JSON.stringify({ content: '"'.repeat(500_000), seq: 1 })],
  ["content of characters that are pairs", JSON.stringify({ content: "\ud83d\ude00".repeat(400_000) })],
  ["reasoning after content", JSON.stringify({ content: "short", reasoning: long })],
  ["a summary after spaces", `{ "seq" : 1 , "summary" : ${JSON.stringify(long)} , "z" : 1 }`],
])("[BOUND-30] %s is taken out of its line in parts of at most 300,000 units", (_, line) => {
  const whole = JSON.parse(line);
  for (const units of [chunk, () => 300_001, (at: number) => 1 + (at % 50_021)]) {
    const got = read(line, units);
    expect(got.text.text.length).toBeLessThan(40_000);
    expect(Math.max(...got.parts.map(({ length }) => length))).toBeLessThanOrEqual(300_000);
    expect(got.text.taken?.parts).toBe(got.parts.length);
    const field = got.text.taken?.field ?? "";
    const head = JSON.parse(got.text.text)[field];
    expect([got.text.taken?.beginning, got.text.taken?.units]).toEqual([head, whole[field].length - head.length]);
    expect(JSON.stringify(together(got)) === JSON.stringify(whole)).toBe(true);
  }
});

it("[BOUND-30] wherever a piece ends at the end of a long text, nothing of it is lost", () => {
  const end = '\\\\\\"\\u00e9\\ud83d\\ude00é😀';
  const line = `{"content":"${"x".repeat(310_000)}${end}","b":"\\""}`;
  const from = line.length - end.length - 12;
  for (let at = from; at < line.length; at++) {
    const got = read(line, (place) => (place < at ? at - place : line.length));
    expect([at, JSON.stringify(together(got)) === JSON.stringify(JSON.parse(line))]).toEqual([at, true]);
  }
});

it.each([
  ["a text of another name", JSON.stringify({ name: long })],
  ["a text below the top", JSON.stringify({ options: { content: long } })],
  ["a text in a list", JSON.stringify({ content: [long] })],
  ["a text that is a name", JSON.stringify({ [long]: 1 })],
  ["a name that only ends so", `{"a\\"content":${JSON.stringify(long)}}`],
  ["a text of 300,000 units", JSON.stringify({ content: "x".repeat(299_000) })],
])("[BOUND-30] %s stays in its line", (_, line) => {
  const got = read(line, chunk);
  expect(got.parts).toEqual([]);
  expect(got.text.text === line).toBe(true);
});

it("[BOUND-30] only the first long text of a line is taken out", () => {
  const line = JSON.stringify({ content: long, reasoning: long });
  const got = read(line, chunk);
  expect(got.text.taken?.field).toBe("content");
  expect(JSON.stringify(together(got)) === line).toBe(true);
});

it.each([
  ["an escape sequence that does not exist", `{"content":"${"x".repeat(400_000)}\\q"}`],
  ["half an escape sequence", `{"content":"${"x".repeat(700_000)}\\u12"}`],
  ["a tabulator", `{"content":"${"x".repeat(400_000)}\t"}`],
])("[BOUND-30] a long text with %s is no JSON", (_, line) => {
  expect(() => read(line, chunk)).toThrow(SyntaxError);
});

it("[BOUND-30] a long text without an end is no JSON, and levels and values are counted all the same", () => {
  const got = read(`{"content":"${"[,{".repeat(200_000)}`, chunk);
  expect(() => JSON.parse(got.text.text)).toThrow(SyntaxError);
  expect([got.text.scan.deepest, got.text.scan.values]).toEqual([1, 2]);
});

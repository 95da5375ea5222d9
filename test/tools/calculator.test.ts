import { describe, expect, it } from "vitest";
import { calculator, evaluate } from "../../src/tools/calculator.ts";
import { toolContext } from "../support/tool-context.ts";

const precedence: [string, number][] = [
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["10 - 3 - 2", 5],
  ["100 / 10 / 2", 5],
  ["2 * 3 ^ 2", 18],
  ["2 ^ 3 ^ 2", 512],
  ["2 ** 10", 1024],
  ["-2 + 5", 3],
  ["-2 ^ 2", -4],
  ["(-2) ^ 2", 4],
  ["2 ^ -1", 0.5],
  ["2 ^ 0.5 ^ 2", 1.18920711500272],
  ["5 * -3", -15],
  ["5 - -3", 8],
  ["5--3", 8],
  ["-(2 + 3)", -5],
  ["--2", 2],
  ["+2", 2],
  ["3 × 4 ÷ 2 − 1", 5],
  [".5 + 1.", 1.5],
  ["  7  ", 7],
  ["1\n+\n2", 3],
];

const percent: [string, number][] = [
  ["17% of 2,450", 416.5],
  ["17 % of 2,450", 416.5],
  ["200 / 50%", 400],
  ["50%", 0.5],
  ["10 % 3", 1],
  ["10%3", 1],
  ["100 + 10%", 100.1],
  ["5% + 5%", 0.1],
  ["-5%", -0.05],
  ["5.5% of 1,000", 55],
  ["10% of 20% of 500", 10],
  ["(2 + 3)% of 200", 10],
  ["1,000%", 10],
  ["10 % (2 + 1)", 1],
  ["17 % 5 + 1", 3],
];

const commas: [string, number][] = [
  ["1,234,567 + 1", 1_234_568],
  ["1,234.5 * 2", 2469],
  ["(1,000 + 1) * 2", 2002],
  ["max(1,200)", 200],
  ["sum(100,200,300)", 600],
  ["max((1,200), 3)", 1200],
  ["2e3 + 1", 2001],
  ["1.5e-3", 0.0015],
  ["2E+2", 200],
];

const named: [string, number][] = [
  ["abs(-3)", 3],
  ["acos(1)", 0],
  ["asin(0)", 0],
  ["atan(0)", 0],
  ["avg(1, 2, 6)", 3],
  ["ceil(1.2)", 2],
  ["cos(0)", 1],
  ["exp(0)", 1],
  ["floor(-1.2)", -2],
  ["ln(e)", 1],
  ["log10(1000)", 3],
  ["log2(8)", 3],
  ["max(1, 3, 2)", 3],
  ["min(1, -3, 2)", -3],
  ["pow(2, 8)", 256],
  ["round(2.567)", 3],
  ["round(1.005, 2)", 1.01],
  ["round(1234.5, -2)", 1200],
  ["round(-2.5)", -3],
  ["round(1 / 10000000, 3)", 0],
  ["round(10 ^ 21, 1)", 1e21],
  ["sin(pi / 2)", 1],
  ["sqrt(16)", 4],
  ["sum(1, 2, 3)", 6],
  ["tan(0)", 0],
  ["round(sqrt(2) * 100, 1)", 141.4],
  ["4 * PI", 12.5663706143592],
  ["2 * e", 5.43656365691809],
  ["max(min(1, 2), abs(-5))", 5],
];

const exact: [string, number][] = [
  ["0.1 + 0.2", 0.3],
  ["1.1 * 3", 3.3],
  ["1 / 3", 0.333333333333333],
  ["123456789 * 10000001", 1_234_568_013_456_789],
  ["2 ^ 53 - 1", Number.MAX_SAFE_INTEGER],
];

const noNumber = "The result is not a number: a division by zero, a number too large, or a function outside its range.";
const unknown = (name: string) => `"${name}" is not known. Use numbers, operators, the listed functions, pi and e.`;
const odd = (rest: string) => `${JSON.stringify(rest)} is not arithmetic.`;
const amount = (name: string, wanted: string, given: number) =>
  `${name}() takes ${wanted} numbers, written without commas for thousands; these are ${given}.`;

const noArithmetic: [string, string][] = [
  ["1 / 0", noNumber],
  ["0 / 0", noNumber],
  ["5 % 0", noNumber],
  ["1 / (1 / 0)", noNumber],
  ["1 / 1e999", noNumber],
  ["min(1, 10 ^ 400)", noNumber],
  ["sqrt(-1)", noNumber],
  ["ln(0)", noNumber],
  ["round(1, 0.5)", noNumber],
  ["foo(1)", unknown("foo")],
  ["x + 1", unknown("x")],
  ["max", unknown("max")],
  ["pi()", unknown("pi")],
  ["true", unknown("true")],
  ["max()", amount("max", "1 or more", 0)],
  ["sqrt(2,450)", amount("sqrt", "1", 2)],
  ["pow(2)", amount("pow", "2", 1)],
  ["round(1, 2, 3)", amount("round", "1 or 2", 3)],
  ["max(1,)", '")" is where a number should be.'],
  ["max(,1)", '"," is where a number should be.'],
  ["1 +", "It ends where a number should be."],
  [" ", "It ends where a number should be."],
  ["* 2", '"*" is where a number should be.'],
  ["()", '")" is where a number should be.'],
  ["(1", 'It ends where an operator or ")" should be.'],
  ["1)", '")" is where an operator should be.'],
  ["1 2", '"2" is where an operator should be.'],
  ["2(3)", '"(" is where an operator should be.'],
  ["2 pi", '"pi" is where an operator should be.'],
  ["5 of 10", '"of" is where an operator should be.'],
  ["1,00", '"," is where an operator should be.'],
  ["1,2345", '"," is where an operator should be.'],
  ["1.2.3", odd("1.2.3")],
  ["0x10", odd("0x10")],
  ["2e", odd("2e")],
  ["5!", odd("!")],
  ["1 = 1", odd("= 1")],
  ["1 || 2", odd("|| 2")],
  ["1 ?? 2", odd("?? 2")],
  ["1 & 2", odd("& 2")],
  ["1 > 0", odd("> 0")],
];

const hostile: [string, string][] = [
  ['"a"', odd('"a"')],
  ["`a`", odd("`a`")],
  ["max('1', 2)", odd("'1', 2)")],
  ["constructor", unknown("constructor")],
  ["constructor(1)", unknown("constructor")],
  ["__proto__", unknown("__proto__")],
  ["__proto__(1)", unknown("__proto__")],
  ["hasOwnProperty(1)", unknown("hasownproperty")],
  ["globalThis", unknown("globalthis")],
  ["process.exit()", odd(".exit()")],
  ["constructor.constructor('x')()", odd(".constructor('x')()")],
  ["a.b", odd(".b")],
  ["[x]", odd("[x]")],
  ["{x}", odd("{x}")],
  ["$x", odd("$x")],
  ["1;2", odd(";2")],
  ["=1", odd("=1")],
];

const nested = (depth: number) => `${"(".repeat(depth)}1${")".repeat(depth)}`;

const isValue = (expression: string, value: number) => expect(evaluate(expression)).toBe(value);
const isRefused = (expression: string, message: string) =>
  expect(() => evaluate(expression)).toThrow(new Error(message));

describe("calculator: what it works out", () => {
  it.each(precedence)("[CALC-1] %j is %d", isValue);
  it.each(percent)("[CALC-2] %j is %d", isValue);
  it.each(commas)("[CALC-3] %j is %d", isValue);
  it.each(named)("[CALC-4] %j is %d", isValue);
  it.each(exact)("[CALC-5] %j is %d", isValue);
});

describe("calculator: what it refuses", () => {
  it.each(noArithmetic)("[CALC-6] %j", isRefused);
  it.each(hostile)("[CALC-7] %j", isRefused);

  it("[CALC-8] fifty parentheses inside one another are read, and one more is refused", () => {
    expect(evaluate(nested(50))).toBe(1);
    expect(() => evaluate(nested(51))).toThrow("More than 50 parentheses inside one another.");
    expect(() => evaluate(`${"abs(".repeat(51)}1${")".repeat(51)}`)).toThrow("More than 50 parentheses");
  });

  it("[CALC-8] the longest signs and powers do not exhaust the stack", () => {
    expect(evaluate(`${"-".repeat(998)}7`)).toBe(7);
    expect(evaluate(`1${"^1".repeat(499)}`)).toBe(1);
    expect(evaluate(`1${"% of 1".repeat(166)}`)).toBe(Number((1e-166 ** 2).toPrecision(15)));
  });

  it("[CALC-8] a thousand characters are taken, and one more is not", () => {
    const expression = `1${"+1".repeat(499)}0`;
    expect(expression).toHaveLength(1_000);
    expect(calculator.parse(JSON.stringify({ expression }))).toMatchObject({ ok: true, input: { expression } });
    expect(calculator.parse(JSON.stringify({ expression: `${expression}0` }))).toMatchObject({ ok: false });
  });
});

describe("calculator: the tool", () => {
  const answers: [string, string][] = [
    [" 1 + 1 ", "1 + 1 = 2"],
    ["17% of 2,450", "17% of 2,450 = 416.5"],
    ["0 * -1", "0 * -1 = 0"],
    ["10 ^ 15", "10 ^ 15 = 1000000000000000"],
    ["10 ^ 20 / 3", "10 ^ 20 / 3 = 3.33333333333333e+19"],
  ];
  it.each(answers)("[CALC-9] %j is answered with %j", (expression, answer) => {
    expect(calculator.run({ expression }, toolContext())).toBe(answer);
  });

  it("[CALC-9] its description lists every function", () => {
    expect(calculator.declaration.description).toContain(
      "abs, acos, asin, atan, avg, ceil, cos, exp, floor, ln, log10, log2, max, min, pow, round, sin, sqrt, sum, tan",
    );
  });
});

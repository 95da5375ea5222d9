import { describe, expect, it } from "vitest";
import { calculator, evaluate } from "../../src/tools/calculator.ts";
import { toolContext } from "../support/tool-context.ts";

const values: [string, string, number][] = [
  ["CALC-1", "1 + 2 * 3", 7],
  ["CALC-1", "(1 + 2) * 3", 9],
  ["CALC-1", "10 - 3 - 2", 5],
  ["CALC-1", "100 / 10 / 2", 5],
  ["CALC-1", "2 * 3 ^ 2", 18],
  ["CALC-1", "2 ^ 3 ^ 2", 512],
  ["CALC-1", "2 ** 10", 1024],
  ["CALC-1", "-2 + 5", 3],
  ["CALC-1", "-2 ^ 2", -4],
  ["CALC-1", "(-2) ^ 2", 4],
  ["CALC-1", "2 ^ -1", 0.5],
  ["CALC-1", "2 ^ 0.5 ^ 2", 1.18920711500272],
  ["CALC-1", "5 * -3", -15],
  ["CALC-1", "5 - -3", 8],
  ["CALC-1", "5--3", 8],
  ["CALC-1", "-(2 + 3)", -5],
  ["CALC-1", "--2", 2],
  ["CALC-1", "+2", 2],
  ["CALC-1", "3 × 4 ÷ 2 − 1", 5],
  ["CALC-1", ".5 + 1.", 1.5],
  ["CALC-1", "  7  ", 7],
  ["CALC-1", "1\n+\n2", 3],
  ["CALC-2", "17% of 2,450", 416.5],
  ["CALC-2", "17 % of 2,450", 416.5],
  ["CALC-2", "200 / 50%", 400],
  ["CALC-2", "50%", 0.5],
  ["CALC-2", "10 % 3", 1],
  ["CALC-2", "10%3", 1],
  ["CALC-2", "100 + 10%", 100.1],
  ["CALC-2", "5% + 5%", 0.1],
  ["CALC-2", "-5%", -0.05],
  ["CALC-2", "5.5% of 1,000", 55],
  ["CALC-2", "10% of 20% of 500", 10],
  ["CALC-2", "(2 + 3)% of 200", 10],
  ["CALC-2", "1,000%", 10],
  ["CALC-2", "10 % (2 + 1)", 1],
  ["CALC-2", "17 % 5 + 1", 3],
  ["CALC-3", "1,234,567 + 1", 1_234_568],
  ["CALC-3", "1,234.5 * 2", 2469],
  ["CALC-3", "(1,000 + 1) * 2", 2002],
  ["CALC-3", "max(1,200)", 200],
  ["CALC-3", "sum(100,200,300)", 600],
  ["CALC-3", "max((1,200), 3)", 1200],
  ["CALC-3", "2e3 + 1", 2001],
  ["CALC-3", "1.5e-3", 0.0015],
  ["CALC-3", "2E+2", 200],
  ["CALC-4", "abs(-3)", 3],
  ["CALC-4", "acos(1)", 0],
  ["CALC-4", "asin(0)", 0],
  ["CALC-4", "atan(0)", 0],
  ["CALC-4", "avg(1, 2, 6)", 3],
  ["CALC-4", "ceil(1.2)", 2],
  ["CALC-4", "cos(0)", 1],
  ["CALC-4", "exp(0)", 1],
  ["CALC-4", "floor(-1.2)", -2],
  ["CALC-4", "ln(e)", 1],
  ["CALC-4", "log10(1000)", 3],
  ["CALC-4", "log2(8)", 3],
  ["CALC-4", "max(1, 3, 2)", 3],
  ["CALC-4", "min(1, -3, 2)", -3],
  ["CALC-4", "pow(2, 8)", 256],
  ["CALC-4", "round(2.567)", 3],
  ["CALC-4", "round(1.005, 2)", 1.01],
  ["CALC-4", "round(1234.5, -2)", 1200],
  ["CALC-4", "round(-2.5)", -3],
  ["CALC-4", "round(1 / 10000000, 3)", 0],
  ["CALC-4", "round(10 ^ 21, 1)", 1e21],
  ["CALC-4", "sin(pi / 2)", 1],
  ["CALC-4", "sqrt(16)", 4],
  ["CALC-4", "sum(1, 2, 3)", 6],
  ["CALC-4", "tan(0)", 0],
  ["CALC-4", "round(sqrt(2) * 100, 1)", 141.4],
  ["CALC-4", "4 * PI", 12.5663706143592],
  ["CALC-4", "2 * e", 5.43656365691809],
  ["CALC-4", "max(min(1, 2), abs(-5))", 5],
  ["CALC-5", "0.1 + 0.2", 0.3],
  ["CALC-5", "1.1 * 3", 3.3],
  ["CALC-5", "1 / 3", 0.333333333333333],
  ["CALC-5", "123456789 * 10000001", 1_234_568_013_456_789],
  ["CALC-5", "2 ^ 53 - 1", Number.MAX_SAFE_INTEGER],
];

const noNumber = "The result is not a number: a division by zero, a number too large, or a function outside its range.";
const unknown = (name: string) => `"${name}" is not known. Use numbers, operators, the listed functions, pi and e.`;
const odd = (rest: string) => `${JSON.stringify(rest)} is not arithmetic.`;
const amount = (name: string, wanted: string, given: number) =>
  `${name}() takes ${wanted} numbers, written without commas for thousands; these are ${given}.`;

const refused: [string, string, string][] = [
  ["CALC-6", "1 / 0", noNumber],
  ["CALC-6", "0 / 0", noNumber],
  ["CALC-6", "5 % 0", noNumber],
  ["CALC-6", "1 / (1 / 0)", noNumber],
  ["CALC-6", "1 / 1e999", noNumber],
  ["CALC-6", "min(1, 10 ^ 400)", noNumber],
  ["CALC-6", "sqrt(-1)", noNumber],
  ["CALC-6", "ln(0)", noNumber],
  ["CALC-6", "round(1, 0.5)", noNumber],
  ["CALC-6", "foo(1)", unknown("foo")],
  ["CALC-6", "x + 1", unknown("x")],
  ["CALC-6", "max", unknown("max")],
  ["CALC-6", "pi()", unknown("pi")],
  ["CALC-6", "true", unknown("true")],
  ["CALC-6", "max()", amount("max", "1 or more", 0)],
  ["CALC-6", "sqrt(2,450)", amount("sqrt", "1", 2)],
  ["CALC-6", "pow(2)", amount("pow", "2", 1)],
  ["CALC-6", "round(1, 2, 3)", amount("round", "1 or 2", 3)],
  ["CALC-6", "max(1,)", '")" stands where a number should.'],
  ["CALC-6", "max(,1)", '"," stands where a number should.'],
  ["CALC-6", "1 +", "It ends where a number should stand."],
  ["CALC-6", " ", "It ends where a number should stand."],
  ["CALC-6", "* 2", '"*" stands where a number should.'],
  ["CALC-6", "()", '")" stands where a number should.'],
  ["CALC-6", "(1", 'It ends where an operator or ")" should stand.'],
  ["CALC-6", "1)", '")" stands where an operator should.'],
  ["CALC-6", "1 2", '"2" stands where an operator should.'],
  ["CALC-6", "2(3)", '"(" stands where an operator should.'],
  ["CALC-6", "2 pi", '"pi" stands where an operator should.'],
  ["CALC-6", "5 of 10", '"of" stands where an operator should.'],
  ["CALC-6", "1,00", '"," stands where an operator should.'],
  ["CALC-6", "1,2345", '"," stands where an operator should.'],
  ["CALC-6", "1.2.3", odd("1.2.3")],
  ["CALC-6", "0x10", odd("0x10")],
  ["CALC-6", "2e", odd("2e")],
  ["CALC-6", "5!", odd("!")],
  ["CALC-6", "1 = 1", odd("= 1")],
  ["CALC-6", "1 || 2", odd("|| 2")],
  ["CALC-6", "1 ?? 2", odd("?? 2")],
  ["CALC-6", "1 & 2", odd("& 2")],
  ["CALC-6", "1 > 0", odd("> 0")],
  ["CALC-7", '"a"', odd('"a"')],
  ["CALC-7", "`a`", odd("`a`")],
  ["CALC-7", "max('1', 2)", odd("'1', 2)")],
  ["CALC-7", "constructor", unknown("constructor")],
  ["CALC-7", "constructor(1)", unknown("constructor")],
  ["CALC-7", "__proto__", unknown("__proto__")],
  ["CALC-7", "__proto__(1)", unknown("__proto__")],
  ["CALC-7", "hasOwnProperty(1)", unknown("hasownproperty")],
  ["CALC-7", "globalThis", unknown("globalthis")],
  ["CALC-7", "process.exit()", odd(".exit()")],
  ["CALC-7", "constructor.constructor('x')()", odd(".constructor('x')()")],
  ["CALC-7", "a.b", odd(".b")],
  ["CALC-7", "[x]", odd("[x]")],
  ["CALC-7", "{x}", odd("{x}")],
  ["CALC-7", "$x", odd("$x")],
  ["CALC-7", "1;2", odd(";2")],
  ["CALC-7", "=1", odd("=1")],
];

const nested = (depth: number) => `${"(".repeat(depth)}1${")".repeat(depth)}`;

describe("calculator: what it works out", () => {
  it.each(values)("[%s] %j", (_rule, expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });
});

describe("calculator: what it refuses", () => {
  it.each(refused)("[%s] %j", (_rule, expression, message) => {
    expect(() => evaluate(expression)).toThrow(new Error(message));
  });

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

/** Works out arithmetic, since models guess at it. Only the functions below exist, and no code is run. */
import * as z from "zod/mini";
import { type FormulaNames, readFormula } from "./read-formula.ts";
import { defineTool } from "./tool.ts";

const longest = 1_000;
const any = Number.POSITIVE_INFINITY;

const names: FormulaNames = {
  constants: new Map([
    ["pi", Math.PI],
    ["e", Math.E],
  ]),
  functions: new Map([
    ["abs", { work: Math.abs, fewest: 1, most: 1 }],
    ["acos", { work: Math.acos, fewest: 1, most: 1 }],
    ["asin", { work: Math.asin, fewest: 1, most: 1 }],
    ["atan", { work: Math.atan, fewest: 1, most: 1 }],
    ["avg", { work: (...all) => sum(all) / all.length, fewest: 1, most: any }],
    ["ceil", { work: Math.ceil, fewest: 1, most: 1 }],
    ["cos", { work: Math.cos, fewest: 1, most: 1 }],
    ["exp", { work: Math.exp, fewest: 1, most: 1 }],
    ["floor", { work: Math.floor, fewest: 1, most: 1 }],
    ["ln", { work: Math.log, fewest: 1, most: 1 }],
    ["log10", { work: Math.log10, fewest: 1, most: 1 }],
    ["log2", { work: Math.log2, fewest: 1, most: 1 }],
    ["max", { work: Math.max, fewest: 1, most: any }],
    ["min", { work: Math.min, fewest: 1, most: any }],
    ["pow", { work: Math.pow, fewest: 2, most: 2 }],
    ["round", { work: round, fewest: 1, most: 2 }],
    ["sin", { work: Math.sin, fewest: 1, most: 1 }],
    ["sqrt", { work: Math.sqrt, fewest: 1, most: 1 }],
    ["sum", { work: (...all) => sum(all), fewest: 1, most: any }],
    ["tan", { work: Math.tan, fewest: 1, most: 1 }],
  ]),
};

export const calculator = defineTool({
  name: "calculator",
  description: `Evaluates an arithmetic expression. Operators: + - * / ^ and parentheses; x % y is the remainder; 17% means 17/100. Functions: ${[...names.functions.keys()].join(", ")}. Constants: pi, e.`,
  input: z.object({
    expression: z
      .string()
      .check(z.minLength(1), z.maxLength(longest), z.describe("For example: 17% of 2,450, or round(sqrt(2) * 100, 1)")),
  }),
  effect: "none",
  run({ expression }) {
    const value = evaluate(expression);
    // An exponent says that the digits end here; written out, the number would look exact.
    const exact = Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    return `${expression.trim()} = ${exact ? value : value.toExponential()}`;
  },
});

/** The value of an expression. Throws an Error that says what is wrong with it. */
export function evaluate(expression: string): number {
  const value = readFormula(expression, names);
  // Doubles hold 15 decimal digits for certain; more would show 0.1 + 0.2 as 0.30000000000000004.
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(15));
}

/** Halves go away from zero. Shifts the decimal text, since 1.005 * 100 is 100.49999999999999. */
function round(x: number, digits = 0): number {
  return Math.sign(x) * shift(Math.round(shift(Math.abs(x), digits)), -digits);
}

function shift(x: number, digits: number): number {
  const [mantissa, exponent = "0"] = String(x).split("e");
  return Number(`${mantissa}e${Number(exponent) + digits}`);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

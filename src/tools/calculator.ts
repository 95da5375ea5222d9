/** Works out arithmetic, since models guess at it. Parsed by @hapi/formula, which runs no code; only the functions below exist. */
import { Parser } from "@hapi/formula";
import * as z from "zod";
import { defineTool } from "./tool.ts";

/** Bounds that keep the parser, which calls itself for each parenthesis and cuts each again, far from its stack and its time. */
const longest = 1_000;
const deepest = 50;

type Arithmetic = (...numbers: number[]) => number;
const functions: Record<string, Arithmetic> = {
  abs: Math.abs,
  acos: Math.acos,
  asin: Math.asin,
  atan: Math.atan,
  avg: (...all) => sum(all) / all.length,
  ceil: Math.ceil,
  cos: Math.cos,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  max: Math.max,
  min: Math.min,
  pow: (base, exponent) => base ** exponent,
  round: (x, digits = 0) => Number(`${Math.round(Number(`${x}e${digits}`))}e${-digits}`),
  sin: Math.sin,
  sqrt: Math.sqrt,
  sum: (...all) => sum(all),
  tan: Math.tan,
};
const constants = { pi: Math.PI, e: Math.E };

export const calculator = defineTool({
  name: "calculator",
  description: `Evaluates an arithmetic expression. Operators: + - * / ^ and parentheses; x % y is the remainder; 17% means 17/100. Functions: ${Object.keys(functions).join(", ")}. Constants: pi, e.`,
  input: z.object({
    expression: z.string().min(1).max(longest).describe("For example: 17% of 2,450, or round(sqrt(2) * 100, 1)"),
  }),
  effect: "none",
  run: ({ expression }) => `${expression.trim()} = ${evaluate(expression)}`,
});

/** The value of an expression. Throws an Error that says what is wrong with it. */
export function evaluate(expression: string): number {
  const plain = normalize(expression);
  if (depthOf(plain) > deepest)
    throw new Error(`More than ${deepest} parentheses inside one another. Write it in smaller steps.`);
  const value = new Parser<number>(plain, { functions: guarded, constants, reference: unknown }).evaluate();
  if (typeof value !== "number") throw new Error("That is not an arithmetic expression.");
  if (!Number.isFinite(value))
    throw new Error("The result is not a number: a division by zero, or a function outside its range.");
  // Doubles hold 15 decimal digits for certain; more would show 0.1 + 0.2 as 0.30000000000000004.
  return Number(value.toPrecision(15));
}

/** Makes `2,450`, `17%`, `2e3`, `×` and `÷` into what the parser reads. */
function normalize(expression: string): string {
  return expression
    .replace(/[×·]/g, "*")
    .replace(/÷/g, "/")
    .replace(/−/g, "-")
    .replace(/\*\*/g, "^")
    .replace(/(?<![\w.,])\d{1,3}(,\d{3})+(?![\d,])/g, (number) => number.replaceAll(",", ""))
    .replace(/(?<![\w.])(\d+\.?\d*|\.\d+)[eE]([+-]?\d{1,3})(?![\w.])/g, "($1 * 10 ^ ($2))")
    .replace(
      /(?<![\w.])(\d+\.?\d*|\.\d+)\s*%(\s*of\b|(?!\s*[\w(.]))/gi,
      (_, number, of) => `(${number} / 100)${of === "" ? "" : " *"}`,
    );
}

const guarded = Object.fromEntries(Object.entries(functions).map(([name, work]) => [name, numbersOnly(name, work)]));

function numbersOnly(name: string, work: Arithmetic) {
  return (...values: unknown[]) => {
    if (values.length === 0 || !values.every((value) => typeof value === "number"))
      throw new Error(`${name}() takes numbers.`);
    return work(...(values as number[]));
  };
}

function unknown(name: string): never {
  throw new Error(`"${name}" is not known. Use numbers, operators, the listed functions, pi and e.`);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (const char of text) {
    if (char === "(") most = Math.max(most, ++depth);
    else if (char === ")") depth--;
  }
  return most;
}

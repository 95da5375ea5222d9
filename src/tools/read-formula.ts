/** Reads one line of arithmetic and works it out as it reads. Knows numbers, operators and the names it is given; runs no code. */

/** What a formula may name. A function has its fewest and most arguments. */
export interface FormulaNames {
  constants: ReadonlyMap<string, number>;
  functions: ReadonlyMap<string, { work: (...numbers: number[]) => number; fewest: number; most: number }>;
}

/** The reader calls itself for each parenthesis; this keeps it far from the end of its stack. */
const deepest = 50;

const grouped = /\d{1,3}(?:,\d{3})+(?:\.\d*)?(?![\w.,])/y;
const plain = /(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])/iy;
const word = /[a-z_]\w*/iy;
const sign = /\*\*|[-+*/^%(),]/y;
const spellings: Record<string, string> = { "×": "*", "·": "*", "÷": "/", "−": "-" };

/**
 * The value of a formula. `^` binds to the right and before a sign in front of it; `a % b` is the remainder, `a%` a hundredth
 * of a, and `a% of b` their product. Commas group thousands, except in a function's parentheses, where they part its arguments.
 * Throws an Error that explains what is wrong.
 */
export function readFormula(text: string, names: FormulaNames): number {
  return new FormulaReader(tokensOf(text.replace(/[×·÷−]/g, (char) => spellings[char] ?? char)), names).whole();
}

/** One method for each level of precedence, from the loosest to the tightest. */
class FormulaReader {
  readonly #tokens: string[];
  readonly #names: FormulaNames;
  #place = 0;
  #depth = 0;

  constructor(tokens: string[], names: FormulaNames) {
    this.#tokens = tokens;
    this.#names = names;
  }

  whole(): number {
    const value = this.#sum();
    if (this.#place < this.#tokens.length) throw unexpected(this.#next, "an operator");
    return value;
  }

  #sum(): number {
    let value = this.#product();
    for (let operator = this.#take("+", "-"); operator !== undefined; operator = this.#take("+", "-")) {
      const right = this.#product();
      value = finite(operator === "+" ? value + right : value - right);
    }
    return value;
  }

  #product(): number {
    let value = this.#signed();
    for (let operator = this.#take("*", "/", "%"); operator !== undefined; operator = this.#take("*", "/", "%")) {
      const right = this.#signed();
      value = finite(operator === "*" ? value * right : operator === "/" ? value / right : value % right);
    }
    return value;
  }

  #signed(): number {
    let negative = false;
    for (let sign = this.#take("+", "-"); sign !== undefined; sign = this.#take("+", "-"))
      negative = negative !== (sign === "-");
    return negative ? -this.#power() : this.#power();
  }

  #power(): number {
    const base = this.#percent();
    return this.#take("^") === undefined ? base : finite(base ** this.#signed());
  }

  #percent(): number {
    const value = this.#atom();
    if (this.#next !== "%" || isOperand(this.#tokens[this.#place + 1])) return value;
    this.#place++;
    return this.#take("of") === undefined ? value / 100 : finite((value / 100) * this.#power());
  }

  #atom(): number {
    const token = this.#next;
    if (!isOperand(token)) throw unexpected(token, "a number");
    this.#place++;
    if (token === "(") return this.#inside(() => this.#sum());
    if (/^[\d.]/.test(token)) return finite(Number(token.replaceAll(",", "")));
    if (this.#take("(") !== undefined) return this.#inside(() => this.#call(token));
    return this.#names.constants.get(token) ?? unknown(token);
  }

  #call(name: string): number {
    const { work, fewest, most } = this.#names.functions.get(name) ?? unknown(name);
    const values: number[] = [];
    while (this.#next !== ")" && (values.length === 0 || this.#take(",") !== undefined)) values.push(this.#sum());
    if (values.length >= fewest && values.length <= most) return finite(work(...values));
    const amount = most === Number.POSITIVE_INFINITY ? "1 or more" : fewest === most ? fewest : `${fewest} or ${most}`;
    throw new Error(
      `${name}() takes ${amount} numbers, written without commas for thousands; these are ${values.length}.`,
    );
  }

  #inside(read: () => number): number {
    if (++this.#depth > deepest)
      throw new Error(`More than ${deepest} parentheses inside one another. Write it in smaller steps.`);
    const value = read();
    if (this.#take(")") === undefined) throw unexpected(this.#next, 'an operator or ")"');
    this.#depth--;
    return value;
  }

  get #next(): string {
    return this.#tokens[this.#place] ?? "";
  }

  #take(...wanted: string[]): string | undefined {
    return wanted.includes(this.#next) ? this.#tokens[this.#place++] : undefined;
  }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  const calls: boolean[] = [];
  let place = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = place;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    place += /^\s*/.exec(text.slice(place))?.[0].length ?? 0;
    if (place === text.length) return tokens;
    const token = (calls.at(-1) === true ? undefined : match(grouped)) ?? match(plain) ?? match(word) ?? match(sign);
    if (token === undefined) throw new Error(`${JSON.stringify(text.slice(place, place + 20))} is not arithmetic.`);
    if (token === "(") calls.push(/^[a-z_]/.test(tokens.at(-1) ?? ""));
    if (token === ")") calls.pop();
    tokens.push(token === "**" ? "^" : token.toLowerCase());
    place += token.length;
  }
}

const isOperand = (token = "") => /^[\w.(]/.test(token) && token !== "of";

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new Error(
    "The result is not a number: a division by zero, a number too large, or a function outside its range.",
  );
}

function unknown(name: string): never {
  throw new Error(`"${name}" is not known. Use numbers, operators, the listed functions, pi and e.`);
}

function unexpected(token: string, wanted: string): Error {
  return new Error(token === "" ? `It ends where ${wanted} should be.` : `"${token}" is where ${wanted} should be.`);
}

/**
 * Measures how much work it takes to check one value against one JSON schema, before a validator does it: walks both as a
 * validator would that never stops early, adds up, and gives up beyond a budget. Decides nothing about validity. Pure.
 * A step is about 0.1 µs of a Worker's CPU (`npm run bench` prints what whole budgets take).
 */
import { isDeeper } from "./nesting.ts";
import { MeasuredPattern } from "./pattern-cost.ts";
import { isObject, References, type SchemaObject, schemasBelow } from "./schema-nodes.ts";

/** What one check may take. */
const mostSteps = 1_000_000;
/** Holding one value against one schema, before its keywords do anything. */
const stepsPerSchema = 15;
/** Longest chain of values in values and schemas in schemas: the validator calls itself for each link. */
const deepestWalk = 400;
/** Formats are regular expressions of the validator; all of them are short for what they are meant for. */
const shortFormat = 2_000;

/** Why a value cannot be checked in bounded time, in words; `undefined` when it can. `schema` has no `schemaFault`. */
export function costFault(schema: SchemaObject, value: unknown, budget = mostSteps): string | undefined {
  if (isDeeper(value)) return "It is nested too deep to be checked.";
  const walk = new Walk(schema, budget);
  try {
    walk.visit(schema, value, 0);
    return undefined;
  } catch (error) {
    if (error instanceof OverBudget) return error.message;
    throw error;
  }
}

/** How many steps checking takes; infinite over the budget. */
export function costOf(schema: SchemaObject, value: unknown, budget = mostSteps): number {
  const walk = new Walk(schema, budget);
  try {
    walk.visit(schema, value, 0);
    return walk.steps;
  } catch (error) {
    if (error instanceof OverBudget) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

class OverBudget extends Error {}

class Walk {
  readonly #references: References;
  readonly #budget: number;
  readonly #patterns = new Map<string, MeasuredPattern>();
  readonly #sizes = new WeakMap<object, number>();
  steps = 0;

  constructor(root: SchemaObject, budget: number) {
    this.#references = new References(root, anchorsIn(root));
    this.#budget = budget;
  }

  visit(schema: unknown, value: unknown, depth: number): void {
    this.#spend(stepsPerSchema);
    if (!isObject(schema)) return;
    if (depth > deepestWalk) throw new OverBudget("It and its schema are nested too deep to be checked.");
    this.#spendOnKeywords(schema, value);
    const { $ref, $recursiveRef } = schema;
    if (typeof $ref === "string") this.visit(this.#references.target($ref), value, depth + 1);
    if ($recursiveRef === "#") this.visit(this.#references.target("#"), value, depth + 1);
    for (const below of schemasBelow(schema)) if (below.inPlace) this.visit(below.node, value, depth + 1);
    if (Array.isArray(value)) this.#visitItems(schema, value, depth + 1);
    else if (isObject(value)) this.#visitProperties(schema, value, depth + 1);
  }

  #visitItems(schema: SchemaObject, value: readonly unknown[], depth: number): void {
    const { prefixItems, items, additionalItems, unevaluatedItems, contains } = schema;
    const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
    const rest = [Array.isArray(items) ? undefined : items, additionalItems, unevaluatedItems, contains];
    for (const [place, item] of value.entries()) {
      this.#spend(1);
      if (first[place] !== undefined) this.visit(first[place], item, depth);
      for (const each of rest) if (each !== undefined) this.visit(each, item, depth);
    }
  }

  #visitProperties(schema: SchemaObject, value: SchemaObject, depth: number): void {
    const { properties, patternProperties, propertyNames, additionalProperties, unevaluatedProperties } = schema;
    const named = isObject(properties) ? properties : {};
    for (const [name, field] of Object.entries(value)) {
      this.#spend(1);
      if (Object.hasOwn(named, name)) this.visit(named[name], field, depth);
      for (const [pattern, each] of Object.entries(patternProperties ?? {})) {
        this.#spendOnPattern(pattern, name);
        this.visit(each, field, depth);
      }
      if (propertyNames !== undefined) this.visit(propertyNames, name, depth);
      for (const each of [additionalProperties, unevaluatedProperties])
        if (each !== undefined && !Object.hasOwn(named, name)) this.visit(each, field, depth);
    }
  }

  /** What keywords do by themselves, beside the schemas below them. */
  #spendOnKeywords(schema: SchemaObject, value: unknown): void {
    const { pattern, format, minLength, maxLength, uniqueItems, required, properties, dependentRequired } = schema;
    if (schema.enum !== undefined) this.#spendOnComparing(schema.enum, value);
    if (schema.const !== undefined) this.#spendOnComparing([schema.const], value);
    if (isObject(value)) this.#spend(lengthOf(required) + lengthOf(properties) + sizeOfMap(dependentRequired));
    if (uniqueItems === true && Array.isArray(value)) this.#spend(value.length * this.#sizeOf(value));
    if (typeof value !== "string") return;
    if (minLength !== undefined || maxLength !== undefined) this.#spend(value.length / 8);
    if (format !== undefined) this.#spendOnFormat(value);
    if (typeof pattern === "string") this.#spendOnPattern(pattern, value);
  }

  #spendOnComparing(choices: unknown, value: unknown): void {
    const all = Array.isArray(choices) ? choices : [];
    if (typeof value === "object" && value !== null)
      this.#spend(all.length * Math.min(this.#sizeOf(value), this.#sizeOf(all)));
    // The message of a value that is none of them repeats them all.
    this.#spend(all.length + this.#sizeOf(all) / 8);
  }

  #spendOnFormat(text: string): void {
    this.#spend(text.length <= shortFormat ? text.length : (text.length * text.length) / shortFormat);
  }

  #spendOnPattern(pattern: string, text: string): void {
    const measured = this.#patterns.get(pattern) ?? new MeasuredPattern(pattern);
    this.#patterns.set(pattern, measured);
    const steps = measured.cost(text, (this.#budget - this.steps) * stepsPerVisit);
    if (steps === Number.POSITIVE_INFINITY)
      throw new OverBudget(`A text in it is too long to be checked against the pattern ${pattern.slice(0, 100)}`);
    this.#spend(steps / stepsPerVisit);
  }

  /** Values and characters (by eights) in a value. */
  #sizeOf(value: unknown): number {
    if (typeof value === "string") return 1 + value.length / 8;
    if (typeof value !== "object" || value === null) return 1;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    const size = Object.entries(value).reduce((sum, [name, each]) => sum + name.length / 8 + this.#sizeOf(each), 1);
    this.#sizes.set(value, size);
    return size;
  }

  #spend(steps: number): void {
    this.steps += steps;
    if (this.steps > this.#budget) throw new OverBudget("It is too large to be checked against its schema.");
  }
}

/** An engine takes so many steps through a pattern in the time of one step here. */
const stepsPerVisit = 4;

const lengthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? Object.keys(value).length / 4 : 0;

function sizeOfMap(value: unknown): number {
  return isObject(value) ? Object.values(value).reduce((sum: number, each) => sum + 1 + lengthOf(each), 0) : 0;
}

function anchorsIn(root: SchemaObject): Map<string, unknown> {
  const anchors = new Map<string, unknown>();
  const open: unknown[] = [root];
  const seen = new Set<unknown>();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!isObject(node) || seen.has(node)) continue;
    seen.add(node);
    if (typeof node.$anchor === "string") anchors.set(node.$anchor, node);
    open.push(...schemasBelow(node).map((below) => below.node));
  }
  return anchors;
}

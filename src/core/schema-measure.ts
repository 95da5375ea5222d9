/** Measures a JSON schema before anything is checked against it: depth, size, references put in their place, patterns. Says by its path what cannot be checked in bounded time. Pure. */
import { isDeeper } from "./nesting.ts";
import { measuredPattern } from "./pattern-cost.ts";
import { formFault, isObject, References, type SchemaObject, schemasBelow } from "./schema-nodes.ts";

/** `size`: it could take too long, or runs in a circle; `pattern`: a regular expression could; `form`: it is no JSON schema. */
export interface SchemaFault {
  kind: "size" | "pattern" | "form";
  /** Keywords and names from the top, separated by dots; empty for the top. */
  path: string;
  /** In words that follow the path. */
  why: string;
}

const deepestSchema = 64;
/** Most objects with an id inside one another, in schemas or beside them: the validator reads what is below each of them twice. */
const mostIdsWithin = 4;
/** Most schemas in a document. */
const mostSchemas = 5_000;
/** Most schemas that one value is held against, with references put in their place. */
const mostInPlace = 2_000;
const deepestInPlace = 100;
const mostPatterns = 200;
/** Steps that measuring all of them together may take: tens of milliseconds. */
const mostPatternWork = 1_000_000;
const longestFaultPath = 200;

/** What is wrong with a schema; `undefined` when it can be used. Takes time linear in the schema's size. */
export function schemaFault(schema: unknown): SchemaFault | undefined {
  if (isDeeper(schema, deepestSchema))
    return { kind: "size", path: "", why: `is nested deeper than ${deepestSchema} levels` };
  if (!isObject(schema)) return { kind: "form", path: "", why: "must be an object" };
  if (idsWithin(schema) > mostIdsWithin)
    return { kind: "size", path: "", why: "has ids inside one another: use $defs" };
  try {
    new Measure(schema).take();
    return undefined;
  } catch (error) {
    if (error instanceof MeasuredFault) return error.fault;
    throw error;
  }
}

/** The same where only the size counts, as of tools that run at the client. Most schemas need no more than a look at each object. */
export function sizeFault(schema: unknown): SchemaFault | undefined {
  if (restOfPlain(schema, mostInPlace, deepestSchema) > 0) return undefined;
  const fault = schemaFault(schema);
  return fault?.kind === "size" ? fault : undefined;
}

/** By these a value is held against more schemas than are written. */
const linking = /^(\$ref|\$recursiveRef|\$?id)$/;

/** What is left of `most` schemas after those that a value can hold; at most 0 where something is too deep, or linked. */
function restOfPlain(value: unknown, most: number, deepest: number): number {
  if (typeof value === "boolean") return most - 1;
  if (typeof value !== "object" || value === null) return most;
  if (deepest === 0) return 0;
  let rest = most - 1;
  for (const [name, each] of Object.entries(value)) {
    if (rest <= 0 || (typeof each === "string" && linking.test(name))) return 0;
    rest = restOfPlain(each, rest, deepest - 1);
  }
  return rest;
}

/** The fault as a sentence that begins with its place, such as `$defs.a: refers to itself without going deeper`. */
export function faultText({ path, why }: SchemaFault): string {
  return path === "" ? why : `at ${path}: ${why}`;
}

class MeasuredFault extends Error {
  readonly fault: SchemaFault;

  constructor(fault: SchemaFault) {
    super(fault.why);
    this.fault = { ...fault, path: fault.path.slice(0, longestFaultPath) };
  }
}

interface Size {
  schemas: number;
  depth: number;
}

class Measure {
  readonly #root: SchemaObject;
  /** Every schema of the document, with its path. */
  readonly #found = new Map<SchemaObject, string>();
  readonly #sizes = new Map<SchemaObject, Size | "open">();
  #references: References;
  #patterns = 0;
  /** Patterns that were found to be right, and what measuring them took. */
  readonly #measured = new Set<string>();
  #patternWork = 0;

  constructor(root: SchemaObject) {
    this.#root = root;
    this.#references = new References(root);
  }

  take(): void {
    this.#collect(this.#root, "");
    const anchors = [...this.#found.keys()].filter(({ $anchor }) => typeof $anchor === "string");
    this.#references = new References(this.#root, new Map(anchors.map((node) => [String(node.$anchor), node])));
    // A reference may lead to a place that is no schema's by its keywords; what it finds there is read as one.
    for (const [node, path] of this.#found) this.#reference(node, path);
    for (const [node, path] of this.#found) this.#sizeOf(node, path);
  }

  /** The depth of the document is known to be small. */
  #collect(node: unknown, path: string): void {
    if (typeof node === "boolean") return;
    if (!isObject(node))
      throw new MeasuredFault({ kind: "form", path, why: "must be a schema: an object, true or false" });
    if (this.#found.has(node)) return;
    this.#found.set(node, path);
    if (this.#found.size > mostSchemas)
      throw new MeasuredFault({ kind: "size", path: "", why: `has more than ${mostSchemas} schemas` });
    const form = formFault(node);
    if (form !== undefined) throw new MeasuredFault({ kind: "form", path: joined(path, form.at), why: form.must });
    const id = node.$id ?? node.id;
    // References are found within one document.
    if (path !== "" && typeof id === "string")
      throw new MeasuredFault({
        kind: "size",
        path: joined(path, node.$id === undefined ? "id" : "$id"),
        why: "is inside a schema: use $defs",
      });
    this.#measurePatterns(node, path);
    for (const { at, node: below } of schemasBelow(node)) this.#collect(below, joined(path, at));
  }

  #measurePatterns({ pattern, patternProperties }: SchemaObject, path: string): void {
    const named = [
      ...(typeof pattern === "string" ? [{ at: "pattern", pattern }] : []),
      ...Object.keys(patternProperties ?? {}).map((each) => ({ at: `patternProperties.${each}`, pattern: each })),
    ];
    for (const { at, pattern: each } of named) {
      if (++this.#patterns > mostPatterns)
        throw new MeasuredFault({ kind: "pattern", path: "", why: `has more than ${mostPatterns} patterns` });
      if (this.#measured.has(each)) continue;
      this.#measured.add(each);
      const measured = measuredPattern(each);
      if ("fault" in measured)
        throw new MeasuredFault({ kind: "pattern", path: joined(path, at), why: `the pattern ${measured.fault}` });
      this.#patternWork += measured.work;
      if (this.#patternWork > mostPatternWork)
        throw new MeasuredFault({
          kind: "pattern",
          path: joined(path, at),
          why: "has patterns that are too large together",
        });
    }
  }

  #reference({ $ref, $recursiveRef, $dynamicRef }: SchemaObject, path: string): void {
    if ($dynamicRef !== undefined || ($recursiveRef !== undefined && $recursiveRef !== "#"))
      throw new MeasuredFault({ kind: "form", path, why: "has a dynamic reference, which is not supported" });
    if (typeof $ref !== "string") return;
    const target = this.#references.target($ref);
    if (target === undefined)
      throw new MeasuredFault({
        kind: "form",
        path: joined(path, "$ref"),
        why: `leads to nothing in the schema: ${$ref.slice(0, 100)}`,
      });
    this.#collect(target, $ref.slice(0, longestFaultPath));
  }

  /** How many schemas a value is held against by this one, before any part of the value is looked at. */
  #sizeOf(node: unknown, path: string): Size {
    if (!isObject(node)) return { schemas: 1, depth: 1 };
    const known = this.#sizes.get(node);
    if (known === "open") throw new MeasuredFault({ kind: "size", path, why: "refers to itself without going deeper" });
    if (known !== undefined) return known;
    this.#sizes.set(node, "open");
    const below = inPlaceOf(node, this.#references).map((each) => this.#sizeOf(each.node, joined(path, each.at)));
    const size = {
      schemas: below.reduce((sum, { schemas }) => sum + schemas, 1),
      depth: 1 + Math.max(0, ...below.map(({ depth }) => depth)),
    };
    if (size.schemas > mostInPlace)
      throw new MeasuredFault({ kind: "size", path, why: `holds a value against more than ${mostInPlace} schemas` });
    if (size.depth > deepestInPlace)
      throw new MeasuredFault({
        kind: "size",
        path,
        why: `has a chain of more than ${deepestInPlace} schemas for one value`,
      });
    this.#sizes.set(node, size);
    return size;
  }
}

/** How many objects with an id are inside one another. The depth of `value` is known to be small. */
function idsWithin(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const below = Object.values(value).reduce((most: number, each) => Math.max(most, idsWithin(each)), 0);
  return below + (isObject(value) && typeof (value.$id ?? value.id) === "string" ? 1 : 0);
}

function inPlaceOf(node: SchemaObject, references: References): { at: string; node: unknown }[] {
  const { $ref, $recursiveRef } = node;
  const targets = [
    ...(typeof $ref === "string" ? [{ at: "$ref", node: references.target($ref) }] : []),
    ...($recursiveRef === "#" ? [{ at: "$recursiveRef", node: references.target("#") }] : []),
  ];
  return [...targets, ...schemasBelow(node).filter(({ inPlace }) => inPlace)];
}

function joined(path: string, at: string): string {
  return path === "" ? at : `${path}.${at}`;
}

/** Finds the parts of a JSON schema: which keywords hold schemas, and where its references lead. Pure; judges nothing. */

export type SchemaObject = { [keyword: string]: unknown };

/** A schema below another: `at` is its path from there. `inPlace`: it is about the same value, not about a part of it. */
export interface Below {
  at: string;
  node: unknown;
  inPlace: boolean;
}

const listsInPlace = ["allOf", "anyOf", "oneOf"];
const singlesInPlace = ["not", "if", "then", "else"];
const mapsInPlace = ["dependentSchemas", "dependencies"];
const lists = ["prefixItems"];
const singles = [
  "additionalItems",
  "additionalProperties",
  "contains",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const maps = ["properties", "patternProperties", "$defs", "definitions"];

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A keyword whose value has not the form that the standard gives it: which, and what it must be. */
export function formFault(schema: SchemaObject): { at: string; must: string } | undefined {
  const wrong = (keywords: readonly string[], fits: (value: unknown) => boolean) =>
    keywords.find((keyword) => schema[keyword] !== undefined && !fits(schema[keyword]));
  const list = wrong([...listsInPlace, ...lists, "enum"], Array.isArray);
  if (list !== undefined) return { at: list, must: "must be a list" };
  const map = wrong([...maps, ...mapsInPlace, "dependentRequired"], isObject);
  if (map !== undefined) return { at: map, must: "must be an object" };
  const text = wrong(["$ref", "$anchor", "$id", "pattern", "format"], (value) => typeof value === "string");
  if (text !== undefined) return { at: text, must: "must be a text" };
  const texts = wrong(["required"], isTexts);
  if (texts !== undefined) return { at: texts, must: "must be a list of texts" };
  const long = wrong(["$ref", "$anchor", "$id"], (value) => String(value).length <= longestName);
  if (long !== undefined) return { at: long, must: `must have at most ${longestName} characters` };
  const type = wrong(["type"], (value) => typeof value === "string" || isTexts(value));
  return type === undefined ? undefined : { at: type, must: "must be a text or a list of texts" };
}

const longestName = 1_000;

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** The schemas directly below one whose form is right. References are not followed. */
export function schemasBelow(schema: SchemaObject): Below[] {
  const below: Below[] = [];
  // By what is there, not by what could be: most schemas have two keywords.
  for (const at of Object.keys(schema)) {
    const value = schema[at];
    const place = keywords.get(at);
    if (place === undefined || value === undefined) continue;
    const { holds, inPlace } = place;
    if (holds === "one" || (holds === "oneOrList" && !Array.isArray(value))) {
      below.push({ at, node: value, inPlace });
      continue;
    }
    if (typeof value !== "object" || value === null) continue;
    for (const [name, node] of Object.entries(value)) {
      if (holds === "schemas" && Array.isArray(node)) continue;
      below.push({ at: `${at}.${name}`, node, inPlace });
    }
  }
  return below;
}

interface Keyword {
  /** `schemas`: named ones, beside lists of names that are none. */
  holds: "one" | "many" | "oneOrList" | "schemas";
  inPlace: boolean;
}

const keywords = new Map<string, Keyword>([
  ...singlesInPlace.map((at) => [at, { holds: "one", inPlace: true }] as const),
  ...listsInPlace.map((at) => [at, { holds: "many", inPlace: true }] as const),
  ...mapsInPlace.map((at) => [at, { holds: "schemas", inPlace: true }] as const),
  ...singles.map((at) => [at, { holds: "one", inPlace: false }] as const),
  ...[...lists, ...maps].map((at) => [at, { holds: "many", inPlace: false }] as const),
  ["items", { holds: "oneOrList", inPlace: false }],
]);

/** Finds what references point at, within one document. */
export class References {
  readonly #root: SchemaObject;
  readonly #anchors: ReadonlyMap<string, unknown>;
  readonly #known = new Map<string, unknown>();

  /** `anchors`: the schemas of the document that have a name, by `$anchor`. */
  constructor(root: SchemaObject, anchors: ReadonlyMap<string, unknown> = new Map()) {
    this.#root = root;
    this.#anchors = anchors;
  }

  /** `undefined` when the reference leads to nothing, or out of the document. A pointer is read by RFC 6901. */
  target(ref: string): unknown {
    if (!this.#known.has(ref)) this.#known.set(ref, this.#find(ref));
    return this.#known.get(ref);
  }

  #find(ref: string): unknown {
    const [id, fragment = ""] = ref.split("#", 2) as [string, string?];
    if (id !== "" && id !== String(this.#root.$id ?? "").replace(/#$/, "")) return undefined;
    if (fragment === "") return this.#root;
    if (!fragment.startsWith("/")) return this.#anchors.get(fragment);
    let node: unknown = this.#root;
    for (const part of fragment.slice(1).split("/")) {
      const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
      const has = typeof node === "object" && node !== null && Object.hasOwn(node, name);
      node = has ? (node as SchemaObject)[name] : undefined;
    }
    return node;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

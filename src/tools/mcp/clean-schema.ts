/**
 * Rewrites a JSON schema from outside into the plain forms that the other schema files know: references put in their place,
 * type lists taken apart, missing types filled in. What it cannot rewrite it leaves as it is; it refuses nothing.
 */
import type { JsonSchema } from "../strict-schema.ts";

/** Deeper schemas are left as they are from here on; strict mode refuses what is left. */
const deepest = 24;
/** Most schemas in a schema. References that are put in their place can double it at each level. */
const mostNodes = 1_000;
/** Keywords that only restrict values of one type. */
const keywordsOf: Record<string, readonly string[]> = {
  object: ["properties", "required", "additionalProperties", "patternProperties", "propertyNames"],
  array: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"],
  string: ["minLength", "maxLength", "pattern", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
};
const numeric = [...(keywordsOf.number ?? []), "minLength", "maxLength", "minItems", "maxItems"];
const own = new Set(Object.values(keywordsOf).flat());

export function cleanSchema(schema: JsonSchema): JsonSchema {
  return cleaned(schema, { root: schema, within: [], depth: 0, budget: { left: mostNodes } });
}

interface SchemaPlace {
  root: JsonSchema;
  /** The references that led here. */
  within: readonly string[];
  depth: number;
  budget: { left: number };
}

function cleaned(node: unknown, place: SchemaPlace): JsonSchema {
  if (!isSchema(node) || place.depth > deepest || place.budget.left-- <= 0) return {};
  const { $ref, ...merged } = withoutLoneAllOf(node);
  if (typeof $ref === "string") {
    const target = place.within.includes($ref) ? undefined : pointed(place.root, $ref);
    if (target === undefined) return node;
    return cleaned({ ...target, ...merged }, { ...place, within: [...place.within, $ref] });
  }
  const types = typesOf(merged);
  if (merged.nullable === true && !types.includes("null")) types.push("null");
  const [only] = types;
  if (types.length > 1) return split(merged, types, place);
  return inner(tidied(only === undefined ? merged : { ...merged, type: only }), place);
}

/** One member for each type, each with the keywords of that type. */
function split(node: JsonSchema, types: readonly string[], place: SchemaPlace): JsonSchema {
  const { description, type: _type, enum: values, nullable: _nullable, ...rest } = node;
  const members = types.map((type) => {
    const kept = Object.entries(rest).filter(([keyword, value]) =>
      keyword === "default" ? fits(typeOfValue(value), type) : !own.has(keyword) || keywordsFor(type).includes(keyword),
    );
    const fitting = Array.isArray(values) ? values.filter((value) => fits(typeOfValue(value), type)) : undefined;
    const choices = type === "null" || fitting === undefined ? {} : { enum: fitting };
    return inner(tidied({ type, ...(type === "null" ? {} : Object.fromEntries(kept)), ...choices }), place);
  });
  return { ...(typeof description === "string" && { description }), anyOf: members };
}

/** The same for everything below. */
function inner(node: JsonSchema, place: SchemaPlace): JsonSchema {
  const below = { ...place, depth: place.depth + 1 };
  const { $schema: _schema, $defs: _defs, definitions: _definitions, $id: _id, ...rest } = node;
  const { properties, items, anyOf, oneOf } = rest;
  const members = anyOf ?? oneOf;
  if (Array.isArray(members)) {
    const { oneOf: _oneOf, ...others } = rest;
    return { ...others, anyOf: members.map((member) => cleaned(member, below)) };
  }
  return {
    ...rest,
    ...(isSchema(properties) && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, cleaned(property, below)]),
      ),
    }),
    ...(isSchema(items) && { items: cleaned(items, below) }),
  };
}

/** Without keywords whose values are of another draft or make, and with patterns that some engines lack moved into the description. */
function tidied(node: JsonSchema): JsonSchema {
  const { nullable: _nullable, title: _title, examples: _examples, ...rest } = node;
  for (const keyword of numeric) if (typeof rest[keyword] !== "number") delete rest[keyword];
  if (rest.required !== undefined && !isTexts(rest.required)) delete rest.required;
  if (typeof rest.description !== "string") delete rest.description;
  if (typeof rest.pattern !== "string") delete rest.pattern;
  else if (/\(\?|\\[1-9pPbB]/.test(rest.pattern)) {
    const text = typeof rest.description === "string" ? `${rest.description} ` : "";
    rest.description = `${text}Pattern: ${rest.pattern}`;
    delete rest.pattern;
  }
  return rest;
}

/** A schema with one `allOf` member is that member: pydantic writes references with a description so. */
function withoutLoneAllOf(node: JsonSchema): JsonSchema {
  const { allOf, ...rest } = node;
  if (!Array.isArray(allOf) || allOf.length !== 1 || !isSchema(allOf[0])) return node;
  return { ...allOf[0], ...rest };
}

/** The types a schema names, or that its other keywords are about. */
function typesOf({ type, enum: values, const: only, properties, items }: JsonSchema): string[] {
  if (typeof type === "string") return [type];
  if (isTexts(type)) return [...new Set(type)];
  if (only !== undefined) return [typeOfValue(only)];
  if (Array.isArray(values)) return [...new Set(values.map(typeOfValue))];
  if (isSchema(properties)) return ["object"];
  return isSchema(items) ? ["array"] : [];
}

function keywordsFor(type: string): readonly string[] {
  return keywordsOf[type === "integer" ? "number" : type] ?? [];
}

function typeOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function fits(found: string, wanted: string): boolean {
  return found === wanted || (found === "number" && wanted === "integer");
}

/** What a reference within the document points at (RFC 6901). */
function pointed(root: JsonSchema, ref: string): JsonSchema | undefined {
  if (!ref.startsWith("#/")) return undefined;
  let node: unknown = root;
  for (const part of ref.slice(2).split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    node = isSchema(node) && Object.hasOwn(node, name) ? node[name] : undefined;
  }
  return isSchema(node) ? node : undefined;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** The keywords of JSON Schema that the checks of a zod schema become: lengths, bounds, formats, patterns. Knows no schema inside another. */
import type * as z from "zod/mini";
import { defined } from "../core/defined.ts";
import type { JsonSchema } from "./strict-schema.ts";

export type ZodSchema = z.core.$ZodType;

/** What the checks of a schema say together. */
interface CheckSums {
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  divisors: Set<number>;
  patterns: Set<string>;
  format?: string;
  isInteger?: boolean;
  /** Takes more than its format. */
  isLax?: boolean;
}

/** Of zod's formats of numbers. Not `z.core.util`'s own: with that name all of zod would be in the bundle. */
const ranges: Record<z.core.$ZodNumberFormats, readonly [number, number]> = {
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
};

function least(all: CheckSums, name: "minimum" | "exclusiveMinimum", value: number): void {
  all[name] = Math.max(all[name] ?? value, value);
}

function most(all: CheckSums, name: "maximum" | "exclusiveMaximum", value: number): void {
  all[name] = Math.min(all[name] ?? value, value);
}

function between(all: CheckSums, [from, to]: readonly [number, number]): void {
  least(all, "minimum", from);
  most(all, "maximum", to);
}

function checked(schema: ZodSchema): CheckSums {
  const all: CheckSums = { divisors: new Set(), patterns: new Set() };
  const { traits, def } = schema._zod;
  // A schema of a format is its own first check.
  const own = traits.has("$ZodCheck") ? [schema as unknown as z.core.$ZodCheck] : [];
  for (const check of [...own, ...(def.checks ?? [])]) add(all, (check as z.core.$ZodChecks)._zod.def);
  return all;
}

function add(all: CheckSums, rule: z.core.$ZodChecks["_zod"]["def"]): void {
  switch (rule.check) {
    case "greater_than":
      least(all, rule.inclusive ? "minimum" : "exclusiveMinimum", Number(rule.value));
      break;
    case "less_than":
      most(all, rule.inclusive ? "maximum" : "exclusiveMaximum", Number(rule.value));
      break;
    case "min_length":
      least(all, "minimum", rule.minimum);
      break;
    case "max_length":
      most(all, "maximum", rule.maximum);
      break;
    case "length_equals":
      between(all, [rule.length, rule.length]);
      break;
    case "multiple_of":
      if (rule.value) all.divisors.add(Math.abs(Number(rule.value)));
      break;
    case "number_format":
      all.isInteger ||= rule.format.includes("int");
      between(all, ranges[rule.format]);
      break;
    case "string_format": {
      const { format, pattern, local, precision } = rule as z.core.$ZodISODateTimeDef & { format: string };
      all.format = format;
      if (pattern) all.patterns.add(pattern.source);
      all.isLax ||= Boolean(local) || precision === -1;
    }
  }
}

export function lengths(schema: ZodSchema, what: "Items" | "Length"): JsonSchema {
  const { minimum, maximum } = checked(schema);
  return defined({ [`min${what}`]: minimum, [`max${what}`]: maximum });
}

/** The names of formats that are others in JSON schemas; those without one are checked by their pattern. */
const formats: Record<string, string> = { guid: "uuid", url: "uri", datetime: "date-time", json_string: "json-string" };

export function stringSchema(schema: ZodSchema): JsonSchema {
  const { format = "regex", patterns, isLax } = checked(schema);
  const [pattern, ...more] = patterns;
  return {
    type: "string",
    ...lengths(schema, "Length"),
    ...(!isLax && format !== "regex" && format !== "time" && { format: formats[format] ?? format }),
    ...(more.length > 0 ? { allOf: [...patterns].map((each) => ({ pattern: each })) } : defined({ pattern })),
  };
}

export function numberSchema(schema: ZodSchema): JsonSchema {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below, divisors, isInteger } = checked(schema);
  const [multipleOf, ...more] = divisors;
  const isAbove = above !== undefined && above >= (minimum ?? above);
  const isBelow = below !== undefined && below <= (maximum ?? below);
  return defined({
    type: isInteger ? "integer" : "number",
    ...(isAbove ? { exclusiveMinimum: above } : { minimum }),
    ...(isBelow ? { exclusiveMaximum: below } : { maximum }),
    multipleOf,
    ...(more.length > 0 && { allOf: more.map((each) => ({ multipleOf: each })) }),
  });
}

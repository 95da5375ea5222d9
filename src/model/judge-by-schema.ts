/** Checks a final answer against the JSON schema that it was requested in. Pure; never repairs an answer. */
import { type ValidationResult, Validator } from "@cfworker/json-schema";
import type { ResponseFormat } from "../core/entry.ts";
import type { Complaint } from "../core/next-step.ts";
import { costFault } from "../core/schema-cost.ts";
import { schemaFault } from "../core/schema-measure.ts";
import { judgeBy } from "./judge-answer.ts";

/** `undefined` when the answer is acceptable. */
export function judgeAnswer(content: string, format: ResponseFormat | undefined): Complaint | undefined {
  return judgeBy(schemaMismatch, content, format);
}

function schemaMismatch(schema: Record<string, unknown>, value: unknown): string | undefined {
  // Schemas of new messages are measured when they arrive; those of older transcripts and imports were not.
  const unchecked = schemaFault(schema) === undefined ? costFault(schema, value) : "Its schema cannot be checked.";
  if (unchecked !== undefined) return unchecked;
  const { valid, errors } = validated(schema, value);
  // The innermost error is the most precise; those above it only report that something inside is wrong.
  const [worst] = errors.toSorted((a, b) => b.instanceLocation.length - a.instanceLocation.length);
  if (valid || worst === undefined) return undefined;
  return `It does not conform to the schema: at ${worst.instanceLocation}: ${worst.error}`.slice(0, longestFault);
}

/** Throws nothing: a schema that an older version let in may be none. */
function validated(schema: Record<string, unknown>, value: unknown): ValidationResult {
  try {
    return validatorOf(schema).validate(value);
  } catch (error) {
    const fault = { error: (error as Error).message, instanceLocation: "#", keyword: "", keywordLocation: "#" };
    return { valid: false, errors: [fault] };
  }
}

/** Messages of the validator repeat the schema's own lists. */
const longestFault = 2_000;

/** Checks values against a JSON schema that was measured. Throws for one that cannot be read. */
function validatorOf(schema: Record<string, unknown>): Validator {
  return new Validator(schema, "2020-12");
}

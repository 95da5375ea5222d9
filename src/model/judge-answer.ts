/** Decides what is wrong with a final answer: not the requested JSON, or a promise to look something up instead of doing it. Pure; never repairs an answer. */
import { type ValidationResult, Validator } from "@cfworker/json-schema";
import type { ResponseFormat } from "../core/entry.ts";
import { textIsDeeper } from "../core/nesting.ts";
import type { Complaint } from "../core/next-step.ts";
import { costFault } from "../core/schema-cost.ts";
import { schemaFault } from "../core/schema-measure.ts";

/** `undefined` when the answer is acceptable. A wrong form fails the turn when the note to the model did not help; a broken promise does not. */
export function judgeAnswer(content: string, format: ResponseFormat | undefined): Complaint | undefined {
  if (format === undefined) return brokenPromise(content);
  const fault = faultOf(content, format);
  if (fault === undefined) return undefined;
  const note = `Your last answer was not the JSON that was asked for. ${fault} Answer again, with the JSON alone.`;
  return {
    note,
    failure: {
      code: "output_invalid",
      detail: `The model's answer was not the JSON that was asked for. ${fault}`,
      retryable: true,
    },
  };
}

function faultOf(content: string, format: ResponseFormat): string | undefined {
  if (textIsDeeper(content)) return "It is nested deeper than 64 levels.";
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    return `It does not parse: ${(error as Error).message}.`;
  }
  if (format.type === "json_object") {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? undefined : "It is not a JSON object.";
  }
  return schemaMismatch(format.schema, value);
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

/** V3 and V3.2 now and then stop after "I will check" and call nothing (DeepSeek-V3 #1554). Long answers are never treated so: they have content of their own. */
function brokenPromise(content: string): Complaint | undefined {
  const promise =
    /^(?:ok(?:ay)?[,.!]? |sure[,.!]? |certainly[,.!]? )?(?:let me|i will|i'll|i am going to|i'm going to) (?:now |first |just |quickly )?(?:check|look|search|fetch|find|calculate|compute|verify|see)\b/i;
  if (content.length > 200 || !promise.test(content.trim())) return undefined;
  return { note: "You said what you would do, and called no tool. Do it now, or answer with what you know." };
}

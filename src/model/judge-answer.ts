/** Decides what is wrong with a final answer: not the requested JSON, or a promise to look something up instead of doing it. Pure; never repairs an answer. */
import type { ResponseFormat } from "../core/entry.ts";
import { textIsDeeper } from "../core/nesting.ts";
import type { Complaint } from "../core/next-step.ts";

/** In which way a value does not conform to a schema, in words for the model; `undefined` when it does. */
export type SchemaCheck = (schema: Record<string, unknown>, value: unknown) => string | undefined;

/** `undefined` when the answer is acceptable. A wrong form fails the turn when the note to the model did not help; a broken promise does not. */
export function judgeBy(
  check: SchemaCheck,
  content: string,
  format: ResponseFormat | undefined,
): Complaint | undefined {
  if (format === undefined) return brokenPromise(content);
  const fault = faultOf(check, content, format);
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

function faultOf(check: SchemaCheck, content: string, format: ResponseFormat): string | undefined {
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
  return check(format.schema, value);
}

/** V3 and V3.2 now and then stop after "I will check" and call nothing (DeepSeek-V3 #1554). Long answers are never treated so: they have content of their own. */
function brokenPromise(content: string): Complaint | undefined {
  const promise =
    /^(?:ok(?:ay)?[,.!]? |sure[,.!]? |certainly[,.!]? )?(?:let me|i will|i'll|i am going to|i'm going to) (?:now |first |just |quickly )?(?:check|look|search|fetch|find|calculate|compute|verify|see)\b/i;
  if (content.length > 200 || !promise.test(content.trim())) return undefined;
  return { note: "You said what you would do, and called no tool. Do it now, or answer with what you know." };
}

/** Where no schema can be checked: the app took none, so one can only be of an earlier deployment, and its answers need to be JSON. */
export function judgeWithoutSchemas(content: string, format: ResponseFormat | undefined): Complaint | undefined {
  return judgeBy(() => undefined, content, format);
}

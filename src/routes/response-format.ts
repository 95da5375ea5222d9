/** The `response_format` of a message, as OpenAI writes it. */
import * as z from "zod";
import type { ResponseFormat } from "../core/entry.ts";
import { validatorOf } from "../model/judge-answer.ts";

/** As OpenAI writes it. A schema that could not be checked later is refused now. */
export const responseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.object({
      schema: z.record(z.string(), z.unknown()).refine(canBeChecked, "must be a JSON schema that Longline can check"),
    }),
  }),
]);

export function canBeChecked(schema: Record<string, unknown>): boolean {
  try {
    validatorOf(schema).validate(null);
    return true;
  } catch {
    return false;
  }
}

export function formatOf(format: z.infer<typeof responseFormat> | undefined): ResponseFormat | undefined {
  if (format === undefined || format.type === "text") return undefined;
  return format.type === "json_object"
    ? { type: "json_object" }
    : { type: "json_schema", schema: format.json_schema.schema };
}

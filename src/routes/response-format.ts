/** The `response_format` of a message, as OpenAI writes it. */
import * as z from "zod";
import type { ResponseFormat } from "../core/entry.ts";
import { faultText, schemaFault } from "../core/schema-measure.ts";

/** As OpenAI writes it. A schema that could not be checked later is refused now. */
export const responseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.object({
      schema: z.record(z.string(), z.unknown()).superRefine((schema, at) => {
        const message = schemaRefusal(schema);
        if (message !== undefined) at.addIssue({ code: "custom", message });
      }),
    }),
  }),
]);

/** Why an answer cannot be checked against a schema, with the place in it; `undefined` when it can. */
export function schemaRefusal(schema: Record<string, unknown>): string | undefined {
  const fault = schemaFault(schema);
  return fault && `must be a JSON schema that Longline can check: ${faultText(fault)}`;
}

export function formatOf(format: z.infer<typeof responseFormat> | undefined): ResponseFormat | undefined {
  if (format === undefined || format.type === "text") return undefined;
  return format.type === "json_object"
    ? { type: "json_object" }
    : { type: "json_schema", schema: format.json_schema.schema };
}

/** The `response_format` of a message, as OpenAI writes it. */
import * as z from "zod/mini";
import type { ResponseFormat } from "../core/entry.ts";
import { faultText, schemaFault } from "../core/schema-measure.ts";

const schema = z.record(z.string(), z.unknown()).check(
  z.superRefine((value, at) => {
    const message = schemaRefusal(value);
    if (message !== undefined) at.addIssue({ code: "custom", message });
  }),
);

/** As OpenAI writes it. A schema that could not be checked later is refused now. */
export const responseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  /** With a schema as instructor, and the servers it was written for, write it. */
  z.strictObject({ type: z.literal("json_object"), schema: z.nullish(schema) }),
  z.strictObject({ type: z.literal("json_schema"), json_schema: z.object({ schema }) }),
]);

/** Why an answer cannot be checked against a schema, with the place in it; `undefined` when it can. */
export function schemaRefusal(schema: Record<string, unknown>): string | undefined {
  const fault = schemaFault(schema);
  return fault && `must be a JSON schema that Longline can check: ${faultText(fault)}`;
}

export function formatOf(format: z.infer<typeof responseFormat> | undefined): ResponseFormat | undefined {
  if (format === undefined || format.type === "text") return undefined;
  const form = format.type === "json_object" ? format.schema : format.json_schema.schema;
  return form ? { type: "json_schema", schema: form } : { type: "json_object" };
}

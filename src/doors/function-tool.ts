/** A function as OpenAI's clients declare it. */
import * as z from "zod/mini";
import { faultText, schemaFault } from "../core/schema-measure.ts";

/** Most characters of a description: Qwen Code sends one of 10,716. */
export const longestDescription = 100_000;

export const toolName = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"));

/** The client checks its tools' arguments itself, so only what would hold a reader of the schema is refused. */
export const toolParameters = z.record(z.string(), z.unknown()).check(
  z.superRefine((schema, at) => {
    const fault = schemaFault(schema);
    if (fault?.kind === "size") at.addIssue({ code: "custom", message: `is too large a schema: ${faultText(fault)}` });
  }),
);

/** What is declared; in chat completions it stands under `function`, in responses beside `type`. */
export const functionFields = {
  name: toolName,
  description: z.nullish(z.string().check(z.maxLength(longestDescription))),
  parameters: z.nullish(toolParameters),
  strict: z.nullish(z.boolean()),
};

export const functionTool = z.strictObject({ type: z.literal("function"), function: z.strictObject(functionFields) });
export type FunctionTool = z.infer<typeof functionTool>;

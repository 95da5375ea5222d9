/** A function as OpenAI's clients declare it. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";
import { faultText, sizeFault } from "../core/schema-measure.ts";

/** Most characters of a description: Qwen Code sends one of 10,716. */
export const longestDescription = 100_000;

export const toolName = lazySchema(() =>
  z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -")),
);

/** The client checks its tools' arguments itself, so only what would hold a reader of the schema is refused. */
export const toolParameters = lazySchema(() =>
  z.record(z.string(), z.unknown()).check(
    z.superRefine((schema, at) => {
      const fault = sizeFault(schema);
      if (fault !== undefined) at.addIssue({ code: "custom", message: `is too large a schema: ${faultText(fault)}` });
    }),
  ),
);

/** What is declared; in chat completions it is under `function`, in responses beside `type`. */
export const functionFields = lazySchema(() =>
  z.object({
    name: toolName,
    description: z.nullish(z.string().check(z.maxLength(longestDescription))),
    parameters: z.nullish(toolParameters),
    strict: z.nullish(z.boolean()),
  }),
);

export const functionTool = lazySchema(() =>
  z.strictObject({ type: z.literal("function"), function: z.strictObject(functionFields.shape) }),
);
export type FunctionTool = z.infer<typeof functionTool>;

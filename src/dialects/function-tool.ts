/** A function as OpenAI's clients declare it. */
import * as z from "zod";

export const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -");

/** What is declared; in chat completions it stands under `function`, in responses beside `type`. */
export const functionFields = {
  name: toolName,
  description: z.string().max(10_000).nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
};

export const functionTool = z.strictObject({ type: z.literal("function"), function: z.strictObject(functionFields) });
export type FunctionTool = z.infer<typeof functionTool>;

/** The shapes of answers in other protocols than the native one (`src/wire/shapes.ts`), for readers of the document. */
import * as z from "zod";

const count = z.int().min(0);
const moment = z.iso.datetime();

export const openAiProblem = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: "OpenAIError" });

export const uiMessage = z
  .object({
    id: z.string(),
    role: z.enum(["user", "assistant"]),
    metadata: z.looseObject({}),
    parts: z.array(z.looseObject({ type: z.string() })),
  })
  .meta({ id: "UIMessage", description: "As the AI SDK's `UIMessage`." });

export const account = z
  .object({
    id: z.string(),
    budget_micros: count.nullable(),
    spent_micros: count,
    reserved_micros: count,
    rate_per_minute: count.nullable(),
    models: z.array(z.string()).nullable(),
    created_at: moment,
  })
  .meta({ id: "Account" });

export const key = z
  .object({ id: z.string(), created_at: moment, revoked_at: moment.nullable(), key: z.string().optional() })
  .meta({ id: "Key", description: "`key` is shown once, when it is made." });

export const model = z
  .object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() })
  .meta({ id: "Model" });

export const completion = z
  .looseObject({
    id: z.string(),
    object: z.literal("chat.completion"),
    created: z.int(),
    model: z.string(),
    choices: z.array(z.looseObject({ index: z.int(), message: z.looseObject({}), finish_reason: z.string() })),
    usage: z.looseObject({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  })
  .meta({ id: "ChatCompletion", description: "As OpenAI's, with `reasoning_content` and DeepSeek's cache counts." });

export const response = z
  .looseObject({
    id: z.string(),
    object: z.literal("response"),
    created_at: z.number(),
    model: z.string(),
    status: z.enum(["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]),
    output: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  })
  // Not `Response`: code that is made of the document would hide fetch's own type of that name.
  .meta({ id: "ResponseObject", description: "As OpenAI's Responses API has it." });

/** Any JSON object: what comes is another's business. */
export const anyObject = z.looseObject({});
/** Server-sent events of another protocol, as text. */
export const foreignEvents = z
  .string()
  .meta({ id: "ForeignEvents", description: "Server-sent events, as the protocol's own documents describe them." });

/** The shapes of answers in other protocols than the native one (`src/wire/shapes.ts`), for readers of the document. */
import * as z from "zod/mini";

const count = z.int().check(z.minimum(0));
const moment = z.iso.datetime();

export const openAiProblem = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.nullable(z.string()),
      code: z.nullable(z.string()),
    }),
  })
  .register(z.globalRegistry, { id: "OpenAIError" });

export const uiMessage = z
  .object({
    id: z.string(),
    role: z.enum(["user", "assistant"]),
    metadata: z.looseObject({}),
    parts: z.array(z.looseObject({ type: z.string() })),
  })
  .register(z.globalRegistry, { id: "UIMessage", description: "As the AI SDK's `UIMessage`." });

export const account = z
  .object({
    id: z.string(),
    budget_micros: z.nullable(count),
    budget_period: z.enum(["month", "total"]),
    budget_resets_at: z.nullable(moment),
    spent_micros: count,
    spent_in_all_micros: count,
    reserved_micros: count,
    rate_per_minute: z.nullable(count),
    models: z.nullable(z.array(z.string())),
    created_at: moment,
  })
  .register(z.globalRegistry, { id: "Account" });

export const key = z
  .object({ id: z.string(), created_at: moment, revoked_at: z.nullable(moment), key: z.optional(z.string()) })
  .register(z.globalRegistry, { id: "Key", description: "`key` is shown once, when it is made." });

export const model = z
  .object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() })
  .register(z.globalRegistry, { id: "Model" });

export const completion = z
  .looseObject({
    id: z.string(),
    object: z.literal("chat.completion"),
    created: z.int(),
    model: z.string(),
    choices: z.array(z.looseObject({ index: z.int(), message: z.looseObject({}), finish_reason: z.string() })),
    usage: z.looseObject({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  })
  .register(z.globalRegistry, {
    id: "ChatCompletion",
    description: "As OpenAI's, with `reasoning_content` and DeepSeek's cache counts.",
  });

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
  .register(z.globalRegistry, { id: "ResponseObject", description: "As OpenAI's Responses API has it." });

/** Any JSON object: what comes is another's business. */
export const anyObject = z.looseObject({});
/** Server-sent events of another protocol, as text. */
export const foreignEvents = z.string().register(z.globalRegistry, {
  id: "ForeignEvents",
  description: "Server-sent events, as the protocol's own documents describe them.",
});

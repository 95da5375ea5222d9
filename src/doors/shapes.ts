/** The shapes of answers in other protocols than the native one (`src/wire/shapes.ts`), for readers of the document. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";
import { isoDateTime } from "../wire/zod-parts.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));
const moment = /* @__PURE__ */ lazySchema(() => isoDateTime());

export const openAiProblem = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        error: z.object({
          message: z.string(),
          type: z.string(),
          param: z.nullable(z.string()),
          code: z.nullable(z.string()),
        }),
      })
      .register(z.globalRegistry, { id: "OpenAIError" }),
  z.globalRegistry,
);

export const uiMessage = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        id: z.string(),
        role: z.enum(["user", "assistant"]),
        metadata: z.looseObject({}),
        parts: z.array(z.looseObject({ type: z.string() })),
      })
      .register(z.globalRegistry, { id: "UIMessage", description: "As the AI SDK's `UIMessage`." }),
  z.globalRegistry,
);

export const account = /* @__PURE__ */ lazySchema(
  () =>
    z
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
      .register(z.globalRegistry, { id: "Account" }),
  z.globalRegistry,
);

export const key = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({ id: z.string(), created_at: moment, revoked_at: z.nullable(moment), key: z.optional(z.string()) })
      .register(z.globalRegistry, { id: "Key", description: "`key` is shown once, when it is made." }),
  z.globalRegistry,
);

export const model = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() })
      .register(z.globalRegistry, { id: "Model" }),
  z.globalRegistry,
);

export const completion = /* @__PURE__ */ lazySchema(
  () =>
    z
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
      }),
  z.globalRegistry,
);

export const response = /* @__PURE__ */ lazySchema(
  () =>
    z
      .looseObject({
        id: z.string(),
        object: z.literal("response"),
        created_at: z.number(),
        model: z.string(),
        status: z.enum(["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]),
        output: z.array(z.looseObject({ id: z.string(), type: z.string() })),
      })
      // Not `Response`: code that is made of the document would hide the type of fetch of that name.
      .register(z.globalRegistry, { id: "ResponseObject", description: "As OpenAI's Responses API has it." }),
  z.globalRegistry,
);

/** Any JSON object: what comes is another's business. */
export const anyObject = /* @__PURE__ */ lazySchema(() => z.looseObject({}));
/** Server-sent events of another protocol, as text. */
export const foreignEvents = /* @__PURE__ */ lazySchema(
  () =>
    z.string().register(z.globalRegistry, {
      id: "ForeignEvents",
      description: "Server-sent events, as the protocol's own documents describe them.",
    }),
  z.globalRegistry,
);

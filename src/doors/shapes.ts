/** The shapes of answers, for readers of the document. What makes them is `src/dialects`; what checks them is the tests. */
import * as z from "zod";
import { turnEndReasons } from "../core/entry.ts";

const count = z.int().min(0);
const moment = z.iso.datetime();

export const problem = z
  .object({
    type: z.string(),
    status: z.int(),
    title: z.string(),
    detail: z.string(),
    code: z.string(),
    field: z.string().optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457. `detail` says what to do; `field` names what is wrong." });

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

export const usage = z
  .object({
    input_tokens: count,
    cached_tokens: count,
    output_tokens: count,
    reasoning_tokens: count,
    steps: count,
    rows_written: count.optional(),
    expected_cached_tokens: count.optional(),
    kv_reads: count.optional(),
    kv_writes: count.optional(),
    cached: z.boolean().optional(),
    estimated: z.boolean().optional(),
  })
  .meta({
    id: "Usage",
    description:
      "Input and cached tokens are disjoint; reasoning tokens are part of output. `estimated`: a part is our estimate, because a call was stopped, cut or failed before its host said what it used.",
  });

export const session = z
  .object({
    id: z.string(),
    agent: z.string().nullable(),
    agent_version: z.string().nullable().meta({ description: "The version that its newest turn ran with." }),
    title: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    model: z.string(),
    prefix: z.string().nullable(),
    status: z.enum(["idle", "running", "waiting"]),
    last_seq: count,
    last_turn: z
      .object({ turn: z.string(), reason: z.enum(turnEndReasons), ended_at: moment })
      .nullish()
      .meta({ description: "The turn that ended last." }),
    usage: usage.extend({ cost_micros: count }),
    created_at: moment,
    expires_at: moment.nullable(),
    forked_from: z.object({ session: z.string(), after_seq: count }).optional(),
    broken: z.string().optional().meta({ description: "Its row is damaged, and the other fields say nothing." }),
  })
  .meta({ id: "Session" });

export const listedTurn = z
  .object({
    session: z.string(),
    turn: z.string(),
    agent: z.string(),
    version: z.string().nullable(),
    model: z.string().nullable().meta({ description: "The model that answered last; null when none was called." }),
    reason: z.enum(turnEndReasons),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
    steps: count,
    usage,
    cost_micros: count,
    ms: count,
    first_event_ms: count.nullable(),
    ended_at: moment,
  })
  .meta({ id: "ListedTurn" });

export const sessionDetails = session
  .extend({
    queued: z.array(
      z.object({
        turn: z.string(),
        content: z.string(),
        created_at: moment,
        speaker: z.string().optional(),
        metadata: z.record(z.string(), z.string()).optional(),
        joins: z.literal(true).optional().meta({ description: "It waits to join the open turn." }),
        cut: z.literal(true).optional().meta({ description: "`content` is only its beginning." }),
      }),
    ),
  })
  .meta({ id: "SessionDetails" });

export const uiMessage = z
  .object({
    id: z.string(),
    role: z.enum(["user", "assistant"]),
    metadata: z.looseObject({}),
    parts: z.array(z.looseObject({ type: z.string() })),
  })
  .meta({ id: "UIMessage", description: "As the AI SDK's `UIMessage`." });

const toolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

export const message = z
  .object({
    role: z.enum(["user", "assistant", "tool"]),
    content: z.string(),
    refusal: z.string().optional(),
    reasoning_content: z.string().optional(),
    tool_calls: z.array(toolCall).optional(),
  })
  .meta({ id: "Message" });

export const entry = z
  .looseObject({
    seq: z.int().min(1),
    turn: z.string(),
    type: z.enum(["user", "assistant", "tool", "approval", "compaction", "note", "step_failed", "turn_ended"]),
    created_at: moment,
    message: message.loose().optional(),
    agent: z.string().optional().meta({ description: "At the beginning of a turn: who answers it." }),
    agent_version: z.string().optional(),
  })
  .meta({ id: "Entry", description: "One entry of the transcript. What else it has depends on its type." });

export const turn = z
  .object({
    session: z.string(),
    turn: z.string(),
    status: z.enum([
      "queued",
      "running",
      "waiting",
      "completed",
      "length",
      "step_limit",
      "cancelled",
      "failed",
      "budget_exhausted",
      "interrupted",
    ]),
    message: message.nullable().optional(),
    usage: usage.optional(),
    cost_micros: count.optional(),
    waiting_for: z
      .array(
        z.object({
          call_id: z.string(),
          name: z.string(),
          arguments: z.string(),
          kind: z.enum(["approval", "client"]),
          expires_at: moment,
        }),
      )
      .optional(),
    error: z.object({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: "Turn" });

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

export const agent = z
  .object({
    id: z.string(),
    default: z.boolean(),
    version: z.string(),
    models: z.array(z.string()),
    tools: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        effect: z.enum(["none", "keyed", "unsafe"]),
        approval: z
          .enum(["always", "some"])
          .nullable()
          .meta({ description: "Whether a person must say yes: to each call, to some, or to none." }),
      }),
    ),
    doors: z.array(z.string()),
    channels: z.array(z.string()),
  })
  .meta({ id: "Agent", description: "`tools` are its own: what MCP servers list is known in a turn only." });

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

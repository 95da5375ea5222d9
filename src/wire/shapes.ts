/** The native door's JSON, one schema for each shape: what writes it (`wire/native.ts`, `session/turn-json.ts`), the OpenAPI document, `longline/client` and the page take their types from here. No code that answers runs these: schemas come with the document alone. */
import * as z from "zod";
import { turnEndReasons } from "../core/entry.ts";

const count = z.int().min(0);
const moment = z.iso.datetime();

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

const queued = z.object({
  turn: z.string(),
  content: z.string(),
  created_at: moment,
  speaker: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  joins: z.literal(true).optional().meta({ description: "It waits to join the open turn." }),
  cut: z.literal(true).optional().meta({ description: "`content` is only its beginning." }),
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

export const sessionDetails = session.extend({ queued: z.array(queued) }).meta({ id: "SessionDetails" });

const toolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const failed = z.object({ code: z.string(), detail: z.string() });

const messageFields = {
  role: z.enum(["user", "assistant", "tool"]),
  content: z.string(),
  speaker: z.string().optional(),
  refusal: z.string().optional(),
  reasoning_content: z.string().optional(),
  tool_calls: z.array(toolCall).optional(),
  tool_call_id: z.string().optional(),
  name: z.string().optional(),
  is_error: z.boolean().optional(),
};

export const message = z.object(messageFields).meta({ id: "Message" });

const entryFields = {
  seq: z.int().min(1),
  turn: z.string(),
  type: z.enum(["user", "assistant", "tool", "approval", "compaction", "note", "step_failed", "turn_ended"]),
  created_at: moment,
  message: message.loose().optional(),
  agent: z.string().optional().meta({ description: "At the beginning of a turn: who answers it." }),
  agent_version: z.string().optional(),
  options: z.looseObject({}).optional().meta({ description: "What was chosen with the message, for its turn." }),
  metadata: z.record(z.string(), z.string()).optional(),
  joined: z.boolean().optional(),
  again: z.boolean().optional(),
  step: z.int().min(1).optional(),
  attempt: z.int().min(1).optional(),
  model: z.string().optional(),
  finish_reason: z.enum(["stop", "tool_calls", "length", "refusal", "cancelled"]).optional(),
  waits: z.record(z.string(), z.enum(["approval", "client"])).optional(),
  salvaged: z.array(z.string()).optional(),
  copies: z.record(z.string(), z.string()).optional(),
  no_call: z.boolean().optional(),
  from_reasoning: z.boolean().optional(),
  prefix: z.object({ expected_tokens: count, because: z.string().optional() }).optional(),
  cached: z.boolean().optional(),
  cut_calls: count.optional(),
  repairs: z.array(z.string()).optional(),
  tries: z.array(failed.extend({ model: z.string(), raw: z.string().optional() })).optional(),
  first_event_ms: count.optional(),
  duration_ms: count.optional(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  approve: z.boolean().optional(),
  by: z.string().optional(),
  through_seq: count.optional(),
  summary: z.string().optional(),
  cause: z.enum(["in_time", "overflow", "unclear"]).optional(),
  partial: z.string().optional(),
  error: failed.extend({ retryable: z.boolean().optional(), raw: z.string().optional() }).optional(),
  reason: z.string().optional().meta({ description: "Why a turn ended, or why a person answered so." }),
  refused: z.boolean().optional(),
  usage: usage.optional(),
  cost_micros: count.optional(),
  broken: z.string().optional().meta({ description: "Its row is damaged, and nothing else is known of it." }),
};

export const entry = z
  .looseObject(entryFields)
  .meta({ id: "Entry", description: "One entry of the transcript. Which members it has depends on its type." });

const feedback = z.object({
  score: z.number(),
  label: z.string().nullable(),
  comment: z.string().nullable(),
  by: z.string().nullable(),
  created_at: moment,
});

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
    error: failed.optional(),
    feedback: feedback.optional(),
    refused: z.boolean().optional(),
  })
  .meta({ id: "Turn" });

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

export const delivery = z
  .object({
    id: z.string(),
    status: z.literal("dead"),
    session: z.string().optional(),
    turn: z.string().optional(),
    channel: z.string().optional(),
    url: z.string().optional(),
    error: z.string().optional(),
    attempts: count.optional(),
    created_at: moment.optional(),
    died_at: moment.optional(),
    broken: z.string().optional().meta({ description: "Its row is damaged, and nothing else is known of it." }),
  })
  .meta({ id: "Delivery", description: "An answer that could not be delivered." });

export const health = z.object({ ok: z.literal(true), version: z.string(), model: z.string(), demo: z.boolean() });

export type UsageJson = z.infer<typeof usage>;
export type QueuedJson = z.infer<typeof queued>;
export type SessionJson = z.infer<typeof session>;
export type SessionDetailsJson = z.infer<typeof sessionDetails>;
export type ToolCallJson = z.infer<typeof toolCall>;
export type MessageJson = z.infer<typeof message>;
/** Without what later versions add. */
export type EntryJson = z.infer<z.ZodObject<typeof entryFields>>;
export type FeedbackJson = z.infer<typeof feedback>;
export type TurnJson = z.infer<typeof turn>;
export type AgentJson = z.infer<typeof agent>;
export type DeliveryJson = z.infer<typeof delivery>;
export type HealthJson = z.infer<typeof health>;

/** The native door's JSON, one schema for each shape: what writes it (`wire/native.ts`, `session/turn-json.ts`), the OpenAPI document, `longline/client` and the page take their types from here. No code that answers runs these: schemas come with the document alone. */
import * as z from "zod/mini";
import { turnEndReasons } from "../core/entry.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { childFields, children } from "./child-shapes.ts";
import { isoDateTime } from "./zod-parts.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));
const moment = /* @__PURE__ */ lazySchema(() => isoDateTime());
export const usage = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        input_tokens: count,
        cached_tokens: count,
        output_tokens: count,
        reasoning_tokens: count,
        steps: count,
        rows_written: z.optional(count),
        expected_cached_tokens: z.optional(count),
        kv_reads: z.optional(count),
        kv_writes: z.optional(count),
        cached: z.optional(z.boolean()),
        estimated: z.optional(z.boolean()),
      })
      .register(z.globalRegistry, {
        id: "Usage",
        description:
          "Input and cached tokens are disjoint; reasoning tokens are part of output. `estimated`: a part is our estimate, because a call was stopped, cut or failed before its host reported what it used.",
      }),
  z.globalRegistry,
);

const queued = /* @__PURE__ */ lazySchema(() =>
  z.object({
    turn: z.string(),
    content: z.string(),
    created_at: moment,
    speaker: z.optional(z.string()),
    metadata: z.optional(z.record(z.string(), z.string())),
    joins: z.optional(z.literal(true)).register(z.globalRegistry, { description: "It waits to join the open turn." }),
    cut: z.optional(z.literal(true)).register(z.globalRegistry, { description: "`content` is only its beginning." }),
  }),
);

export const listedTurn = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        session: z.string(),
        turn: z.string(),
        agent: z.string(),
        version: z.nullable(z.string()),
        model: z
          .nullable(z.string())
          .register(z.globalRegistry, { description: "The model that answered last; null when none was called." }),
        reason: z.enum(turnEndReasons),
        error: z.optional(z.object({ code: z.string(), detail: z.string() })),
        steps: count,
        usage,
        cost_micros: count,
        ms: count,
        first_event_ms: z.nullable(count),
        ended_at: moment,
      })
      .register(z.globalRegistry, { id: "ListedTurn" }),
  z.globalRegistry,
);

export const session = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        id: z.string(),
        agent: z.nullable(z.string()),
        agent_version: z
          .nullable(z.string())
          .register(z.globalRegistry, { description: "The version that its newest turn ran with." }),
        title: z.nullable(z.string()),
        metadata: z.record(z.string(), z.string()),
        model: z.string(),
        prefix: z.nullable(z.string()),
        status: z.enum(["idle", "running", "waiting"]),
        last_seq: count,
        last_turn: z
          .nullish(z.object({ turn: z.string(), reason: z.enum(turnEndReasons), ended_at: moment }))
          .register(z.globalRegistry, { description: "The turn that ended last." }),
        usage: z.extend(usage, { cost_micros: count }),
        children: z.optional(children),
        parent: z.optional(z.object({ session: z.string(), call_id: z.string() })).register(z.globalRegistry, {
          description: "The call of another session that it was made for.",
        }),
        created_at: moment,
        expires_at: z.nullable(moment),
        forked_from: z.optional(z.object({ session: z.string(), after_seq: count })),
        broken: z
          .optional(z.string())
          .register(z.globalRegistry, { description: "Its row is damaged, and the other fields say nothing." }),
      })
      .register(z.globalRegistry, { id: "Session" }),
  z.globalRegistry,
);

export const sessionDetails = /* @__PURE__ */ lazySchema(
  () => z.extend(session, { queued: z.array(queued) }).register(z.globalRegistry, { id: "SessionDetails" }),
  z.globalRegistry,
);

const toolCall = /* @__PURE__ */ lazySchema(() =>
  z.object({
    id: z.string(),
    type: z.literal("function"),
    function: z.object({ name: z.string(), arguments: z.string() }),
  }),
);

/** Why a turn failed, or one step of it. `message`: one sentence for the person who wrote; `detail`: for the operator, and to the holder of a session's token the message again. */
export const failure = /* @__PURE__ */ lazySchema(() =>
  z.object({ code: z.string(), message: z.string(), detail: z.string() }),
);

const messageFields = () => ({
  role: z.enum(["user", "assistant", "tool"]),
  content: z.string(),
  speaker: z.optional(z.string()),
  refusal: z.optional(z.string()),
  reasoning_content: z.optional(z.string()),
  tool_calls: z.optional(z.array(toolCall)),
  tool_call_id: z.optional(z.string()),
  name: z.optional(z.string()),
  is_error: z.optional(z.boolean()),
});

export const message = /* @__PURE__ */ lazySchema(
  () => z.object(messageFields()).register(z.globalRegistry, { id: "Message" }),
  z.globalRegistry,
);

const entryFields = () => ({
  seq: z.int().check(z.minimum(1)),
  turn: z.string(),
  type: z.enum(["user", "assistant", "tool", "approval", "compaction", "note", "step_failed", "turn_ended"]),
  created_at: moment,
  message: z.optional(z.looseObject(message.shape)),
  agent: z
    .optional(z.string())
    .register(z.globalRegistry, { description: "At the beginning of a turn: who answers it." }),
  agent_version: z.optional(z.string()),
  rollout: z
    .optional(z.object({ id: z.string(), arm: z.enum(["baseline", "candidate"]), stage: z.int() }))
    .register(z.globalRegistry, { description: "The rollout that chose the version." }),
  options: z
    .optional(z.looseObject({}))
    .register(z.globalRegistry, { description: "What was chosen with the message, for its turn." }),
  metadata: z.optional(z.record(z.string(), z.string())),
  joined: z.optional(z.boolean()),
  again: z.optional(z.boolean()),
  step: z.optional(z.int().check(z.minimum(1))),
  attempt: z.optional(z.int().check(z.minimum(1))),
  model: z.optional(z.string()),
  finish_reason: z.optional(z.enum(["stop", "tool_calls", "length", "refusal", "cancelled"])),
  waits: z.optional(z.record(z.string(), z.enum(["approval", "client", "agent"]))),
  ...childFields(),
  salvaged: z.optional(z.array(z.string())),
  copies: z.optional(z.record(z.string(), z.string())),
  no_call: z.optional(z.boolean()),
  from_reasoning: z.optional(z.boolean()),
  prefix: z.optional(z.object({ expected_tokens: count, because: z.optional(z.string()) })),
  cached: z.optional(z.boolean()),
  cut_calls: z.optional(count),
  repairs: z.optional(z.array(z.string())),
  tries: z.optional(
    z.array(z.object({ model: z.string(), code: z.string(), detail: z.string(), raw: z.optional(z.string()) })),
  ),
  first_event_ms: z.optional(count),
  duration_ms: z.optional(count),
  call_id: z.optional(z.string()),
  name: z.optional(z.string()),
  approve: z.optional(z.boolean()),
  by: z.optional(z.string()),
  through_seq: z.optional(count),
  summary: z.optional(z.string()),
  cause: z.optional(z.enum(["in_time", "overflow", "unclear"])),
  partial: z.optional(z.string()),
  error: z.optional(z.extend(failure, { retryable: z.optional(z.boolean()), raw: z.optional(z.string()) })),
  reason: z
    .optional(z.string())
    .register(z.globalRegistry, { description: "Why a turn ended, or why a person answered so." }),
  refused: z.optional(z.boolean()),
  usage: z.optional(usage),
  cost_micros: z.optional(count),
  broken: z
    .optional(z.string())
    .register(z.globalRegistry, { description: "Its row is damaged, and nothing else is known of it." }),
});

export const entry = /* @__PURE__ */ lazySchema(
  () =>
    z.looseObject(entryFields()).register(z.globalRegistry, {
      id: "Entry",
      description: "One entry of the transcript. Which members it has depends on its type.",
    }),
  z.globalRegistry,
);

export const feedback = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        score: z.number(),
        label: z.nullable(z.string()),
        comment: z.nullable(z.string()),
        by: z.nullable(z.string()),
        created_at: moment,
      })
      .register(z.globalRegistry, { id: "Feedback", description: "What a person thinks of an answer." }),
  z.globalRegistry,
);

/** A call whose tool waits, and for what: a time, or the signal of that name until then. */
export const suspendedFields = () => ({
  call_id: z.string(),
  name: z.string(),
  waits: z.array(z.object({ name: z.string(), kind: z.enum(["sleep", "signal"]), until: moment })),
});

export const turn = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        session: z.string(),
        turn: z.string(),
        status: z.enum(["queued", "running", "waiting", ...turnEndReasons]),
        message: z.optional(z.nullable(message)),
        usage: z.optional(usage),
        cost_micros: z.optional(count),
        children: z.optional(children),
        waiting_for: z.optional(
          z.array(
            z.object({
              call_id: z.string(),
              name: z.string(),
              arguments: z.string(),
              kind: z.enum(["approval", "client"]),
              expires_at: moment,
              session: z.optional(z.string()).register(z.globalRegistry, {
                description: "It is a call of this session, whose agent works for this turn.",
              }),
              agent: z.optional(z.string()),
            }),
          ),
        ),
        suspended: z.optional(z.array(z.object(suspendedFields()))).register(z.globalRegistry, {
          description: "Calls whose tools wait: each goes on when the first of its waits is over.",
        }),
        error: z.optional(failure),
        feedback: z.optional(feedback),
        refused: z.optional(z.boolean()),
      })
      .register(z.globalRegistry, { id: "Turn" }),
  z.globalRegistry,
);

/** What `cancel` did. */
export const cancellation = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({ session: z.string(), turn: z.nullable(z.string()), status: z.enum(["idle", "cancelling"]) })
      .register(z.globalRegistry, {
        id: "Cancellation",
        description: "`turn`: the one that is ending; null without any.",
      }),
  z.globalRegistry,
);

/** An entry that a search found. */
export const searchHit = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        seq: z.int().check(z.minimum(1)),
        type: z.enum(["user", "assistant", "tool"]),
        snippet: z.string(),
        created_at: moment,
      })
      .register(z.globalRegistry, { id: "SearchHit" }),
  z.globalRegistry,
);

export type UsageJson = z.infer<typeof usage>;
export type QueuedJson = z.infer<typeof queued>;
export type SessionJson = z.infer<typeof session>;
export type SessionDetailsJson = z.infer<typeof sessionDetails>;
export type ToolCallJson = z.infer<typeof toolCall>;
export type MessageJson = z.infer<typeof message>;
/** Without what later versions add. */
export type EntryJson = z.infer<z.ZodMiniObject<ReturnType<typeof entryFields>>>;
export type FeedbackJson = z.infer<typeof feedback>;
export type FailureJson = z.infer<typeof failure>;
export type TurnJson = z.infer<typeof turn>;
export type CancellationJson = z.infer<typeof cancellation>;
export type SearchHitJson = z.infer<typeof searchHit>;

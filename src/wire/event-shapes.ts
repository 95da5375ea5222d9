/** The shapes of a session's events, for readers of the document: one for each name, distinguished by `type`. `wire/native.ts` writes them. */
import * as z from "zod/mini";
import { turnEndReasons } from "../core/entry.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { childSession } from "./child-shapes.ts";
import { failure, message, suspendedFields, usage } from "./shapes.ts";

const call = () => ({ call_id: z.string(), name: z.string(), arguments: z.string() });

const turnStarted = /* @__PURE__ */ lazySchema(
  () =>
    event("turn.started", "TurnStartedEvent", {
      turn: z.string(),
      seq: z.int().check(z.minimum(1)),
      agent: z.optional(z.string()).register(z.globalRegistry, { description: "Who answers in this turn." }),
    }),
  z.globalRegistry,
);
const stepStarted = /* @__PURE__ */ lazySchema(
  () =>
    event("step.started", "StepStartedEvent", {
      step: z.int().check(z.minimum(1)),
      model: z.string(),
      attempt: z.int().check(z.minimum(1)),
    }),
  z.globalRegistry,
);
const stepRestarted = /* @__PURE__ */ lazySchema(
  () =>
    event("step.restarted", "StepRestartedEvent", {
      step: z.int().check(z.minimum(1)),
      attempt: z.int().check(z.minimum(1)),
      reason: z
        .string()
        .register(z.globalRegistry, { description: "What was read of earlier attempts at this step is void." }),
    }),
  z.globalRegistry,
);
const reasoningDelta = /* @__PURE__ */ lazySchema(
  () => event("reasoning.delta", "ReasoningDeltaEvent", { text: z.string() }),
  z.globalRegistry,
);
const textDelta = /* @__PURE__ */ lazySchema(
  () => event("text.delta", "TextDeltaEvent", { text: z.string(), refusal: z.optional(z.literal(true)) }),
  z.globalRegistry,
);
const toolCalled = /* @__PURE__ */ lazySchema(() => event("tool.called", "ToolCalledEvent", call()), z.globalRegistry);
const toolApprovalRequired = /* @__PURE__ */ lazySchema(
  () =>
    event("tool.approval_required", "ToolApprovalRequiredEvent", {
      ...call(),
      session: z.optional(z.string()).register(z.globalRegistry, {
        description:
          "It is a call of this session, in which the agent that was called works; it is answered here. Such an event has no id, and a reader that comes back receives it again.",
      }),
      agent: z.optional(z.string()),
    }),
  z.globalRegistry,
);
const child = () => ({ call_id: z.string(), ...childSession() });
const agentStarted = /* @__PURE__ */ lazySchema(
  () => event("agent.started", "AgentStartedEvent", child()),
  z.globalRegistry,
);
const agentProgress = /* @__PURE__ */ lazySchema(
  () =>
    event("agent.progress", "AgentProgressEvent", {
      ...child(),
      text: z
        .string()
        .register(z.globalRegistry, { description: "What it does. It is not kept, so this event has no id." }),
    }),
  z.globalRegistry,
);
const agentFinished = /* @__PURE__ */ lazySchema(
  () =>
    event("agent.finished", "AgentFinishedEvent", {
      ...child(),
      reason: z.string(),
      usage,
      cost_micros: z.int().check(z.minimum(0)),
    }),
  z.globalRegistry,
);
const toolFinished = /* @__PURE__ */ lazySchema(
  () =>
    event("tool.finished", "ToolFinishedEvent", {
      call_id: z.string(),
      name: z.string(),
      content: z.string(),
      is_error: z.boolean(),
    }),
  z.globalRegistry,
);
const toolProgress = /* @__PURE__ */ lazySchema(
  () =>
    event("tool.progress", "ToolProgressEvent", {
      call_id: z.string(),
      name: z.string(),
      text: z
        .string()
        .register(z.globalRegistry, { description: "How far the call is. It is not kept, so this event has no id." }),
    }),
  z.globalRegistry,
);
const toolWaiting = /* @__PURE__ */ lazySchema(
  () => event("tool.waiting", "ToolWaitingEvent", suspendedFields()),
  z.globalRegistry,
);
const messageCompleted = /* @__PURE__ */ lazySchema(
  () =>
    event("message.completed", "MessageCompletedEvent", {
      seq: z.int().check(z.minimum(1)),
      message,
      finish_reason: z.enum(["stop", "tool_calls", "length", "refusal", "cancelled"]),
      usage,
    }),
  z.globalRegistry,
);
const turnEnded = /* @__PURE__ */ lazySchema(
  () =>
    event("turn.ended", "TurnEndedEvent", {
      turn: z.string(),
      reason: z.enum(turnEndReasons),
      usage,
      cost_micros: z.int().check(z.minimum(0)),
      refused: z.optional(z.literal(true)),
      error: z.optional(failure),
    }),
  z.globalRegistry,
);
const error = /* @__PURE__ */ lazySchema(() => event("error", "FailureEvent", failure.shape), z.globalRegistry);

/** The JSON of one event of a session. */
export const sessionEvent = /* @__PURE__ */ lazySchema(
  () =>
    z
      .discriminatedUnion("type", [
        turnStarted,
        stepStarted,
        stepRestarted,
        reasoningDelta,
        textDelta,
        toolCalled,
        toolApprovalRequired,
        toolProgress,
        toolWaiting,
        toolFinished,
        agentStarted,
        agentProgress,
        agentFinished,
        messageCompleted,
        turnEnded,
        error,
      ])
      .register(z.globalRegistry, {
        id: "EventStream",
        description:
          "Server-sent events. This is the JSON in the `data` of each; `type` equals the event's name, and its `id` is what a reader comes back with in `Last-Event-ID`.",
      }),
  z.globalRegistry,
);

function event<T extends string, S extends z.core.$ZodShape>(type: T, id: string, fields: S) {
  return z.object({ type: z.literal(type), ...fields }).register(z.globalRegistry, { id });
}

export type EventJson = z.infer<typeof sessionEvent>;

/**
 * Every name that Longline emits to OpenTelemetry, with its type and its source. A name that is not here cannot be
 * emitted: attributes, metrics and events are typed by these tables. Pure data; but for `doubles` it weighs nothing in a
 * Worker, since only types are taken from it.
 *
 * The conventions: github.com/open-telemetry/semantic-conventions-genai 0.1.0 (all names there are "Development"), on
 * github.com/open-telemetry/semantic-conventions 1.45.0.
 */

/** How a value is encoded: `int` and `double` are different fields in OTLP, so `1` alone does not say which it is. */
export type AttributeType = "string" | "int" | "double" | "boolean" | "string[]";

/** Where a name is defined. */
export type NameSource =
  /** `docs/gen-ai/` of the GenAI conventions. */
  | "client-inference.md"
  | "gen-ai-agent-spans.md"
  | "gen-ai-events.md"
  | "gen-ai-metrics.md"
  | "gen-ai-token-metrics.md"
  /** `docs/registry/attributes/` of the general conventions. */
  | "error.md"
  | "server.md"
  | "service.md"
  | "session.md"
  | "feature-flag.md"
  /** `docs/feature-flags/feature-flags-events.md` of the general conventions (release candidate). */
  | "feature-flags-events.md"
  /** Our own namespace: what the conventions have no name for. */
  | "longline";

interface Name {
  type: AttributeType;
  source: NameSource;
  /** It holds what people, models or tools wrote: only with content capture on. */
  isContent?: true;
}

/** Attributes of spans, of their events, of metrics, of events and of the resource. */
export const attributeNames = {
  "service.name": { type: "string", source: "service.md" },
  "service.instance.id": { type: "string", source: "service.md" },

  "gen_ai.operation.name": { type: "string", source: "client-inference.md" },
  "gen_ai.provider.name": { type: "string", source: "client-inference.md" },
  "gen_ai.conversation.id": { type: "string", source: "client-inference.md" },
  "gen_ai.conversation.compacted": { type: "boolean", source: "client-inference.md" },
  "gen_ai.output.type": { type: "string", source: "client-inference.md" },
  /** The agent's name, and the version of its definition that the turn ran with. */
  "gen_ai.prompt.name": { type: "string", source: "client-inference.md" },
  "gen_ai.prompt.version": { type: "string", source: "client-inference.md" },
  "gen_ai.request.model": { type: "string", source: "client-inference.md" },
  "gen_ai.request.stream": { type: "boolean", source: "client-inference.md" },
  "gen_ai.request.max_tokens": { type: "int", source: "client-inference.md" },
  "gen_ai.request.temperature": { type: "double", source: "client-inference.md" },
  "gen_ai.request.top_p": { type: "double", source: "client-inference.md" },
  "gen_ai.request.frequency_penalty": { type: "double", source: "client-inference.md" },
  "gen_ai.request.presence_penalty": { type: "double", source: "client-inference.md" },
  "gen_ai.request.stop_sequences": { type: "string[]", source: "client-inference.md", isContent: true },
  "gen_ai.request.reasoning.level": { type: "string", source: "client-inference.md" },
  "gen_ai.response.finish_reasons": { type: "string[]", source: "client-inference.md" },
  /** Seconds. */
  "gen_ai.response.time_to_first_chunk": { type: "double", source: "client-inference.md" },
  /** Cached tokens included, as the conventions want it; Longline's own `inputTokens` leaves them out. */
  "gen_ai.usage.input_tokens": { type: "int", source: "client-inference.md" },
  "gen_ai.usage.output_tokens": { type: "int", source: "client-inference.md" },
  "gen_ai.usage.cache_read.input_tokens": { type: "int", source: "client-inference.md" },
  "gen_ai.usage.reasoning.output_tokens": { type: "int", source: "client-inference.md" },
  "gen_ai.input.messages": { type: "string", source: "client-inference.md", isContent: true },
  "gen_ai.output.messages": { type: "string", source: "client-inference.md", isContent: true },

  "gen_ai.agent.name": { type: "string", source: "gen-ai-agent-spans.md" },
  "gen_ai.tool.name": { type: "string", source: "gen-ai-agent-spans.md" },
  "gen_ai.tool.type": { type: "string", source: "gen-ai-agent-spans.md" },
  "gen_ai.tool.call.id": { type: "string", source: "gen-ai-agent-spans.md" },
  "gen_ai.tool.call.arguments": { type: "string", source: "gen-ai-agent-spans.md", isContent: true },
  "gen_ai.tool.call.result": { type: "string", source: "gen-ai-agent-spans.md", isContent: true },

  "gen_ai.token.modality": { type: "string", source: "gen-ai-token-metrics.md" },

  "gen_ai.evaluation.name": { type: "string", source: "gen-ai-events.md" },
  "gen_ai.evaluation.score.value": { type: "double", source: "gen-ai-events.md" },
  "gen_ai.evaluation.score.label": { type: "string", source: "gen-ai-events.md" },
  "gen_ai.evaluation.explanation": { type: "string", source: "gen-ai-events.md", isContent: true },

  "feature_flag.key": { type: "string", source: "feature-flag.md" },
  "feature_flag.result.variant": { type: "string", source: "feature-flag.md" },
  "feature_flag.result.reason": { type: "string", source: "feature-flag.md" },
  "feature_flag.context.id": { type: "string", source: "feature-flag.md" },
  "feature_flag.provider.name": { type: "string", source: "feature-flag.md" },
  "feature_flag.version": { type: "string", source: "feature-flag.md" },

  "error.type": { type: "string", source: "error.md" },
  "server.address": { type: "string", source: "server.md" },
  "server.port": { type: "int", source: "server.md" },
  /** The session, as backends group traces by it (Langfuse). */
  "session.id": { type: "string", source: "session.md" },

  /** The version of the agent's definition; the conventions took `gen_ai.agent.version` off internal agent spans (#322). */
  "longline.agent.version": { type: "string", source: "longline" },
  "longline.turn.id": { type: "string", source: "longline" },
  /** `completed`, `failed`, …: how the turn ended. */
  "longline.turn.reason": { type: "string", source: "longline" },
  "longline.turn.steps": { type: "int", source: "longline" },
  /** Counts the turn's model calls from 1. */
  "longline.step": { type: "int", source: "longline" },
  /** Counts the tries of a step from 1. */
  "longline.attempt": { type: "int", source: "longline" },
  /** Millionths of a US dollar. */
  "longline.cost_micros": { type: "int", source: "longline" },
  /** Some of the usage is an estimate, because the provider did not report it. */
  "longline.usage.estimated": { type: "boolean", source: "longline" },
  /** The log has no time for it: the span's times were derived from the entries around it. */
  "longline.time.derived": { type: "boolean", source: "longline" },
  /** An earlier answer to the same request: no model was called. */
  "longline.replayed": { type: "boolean", source: "longline" },
  /** The session in which the agent worked that a call was handed to. */
  "longline.child": { type: "string", source: "longline" },
  /** `approval`, `client` or `agent`. */
  "longline.wait.kind": { type: "string", source: "longline" },
  /** `approved`, `denied`, `result` or `unanswered`. */
  "longline.wait.outcome": { type: "string", source: "longline" },
  /** The name that the tool gave its durable step. */
  "longline.tool_step.name": { type: "string", source: "longline" },
  /** `do`, `sleep` or `signal`. */
  "longline.tool_step.kind": { type: "string", source: "longline" },
  /** `done`, `failed`, `signalled`, or `over`: the time of a wait was over. */
  "longline.tool_step.outcome": { type: "string", source: "longline" },
  /** `in_time`, `overflow` or `unclear`. */
  "longline.compaction.cause": { type: "string", source: "longline" },
  /** The newest entry that left the model's window. */
  "longline.compaction.through_seq": { type: "int", source: "longline" },
  /** `slack`, `discord`, `callback`, …: by which channel an answer was delivered. */
  "longline.delivery.channel": { type: "string", source: "longline" },
  "longline.delivery.id": { type: "string", source: "longline" },
  /** Tries that failed before it was delivered or given up. */
  "longline.delivery.failures": { type: "int", source: "longline" },
  /** Of the resource: turns, deliveries and events of this session that were dropped before they could be sent, and spans that the collector rejected. */
  "longline.telemetry.dropped": { type: "int", source: "longline" },
  "longline.feedback.by": { type: "string", source: "longline", isContent: true },
} as const satisfies Record<string, Name>;

/** Those of type `double`; a number of any other name is encoded as an integer. */
export const doubles: ReadonlySet<string> = new Set([
  "gen_ai.request.temperature",
  "gen_ai.request.top_p",
  "gen_ai.request.frequency_penalty",
  "gen_ai.request.presence_penalty",
  "gen_ai.response.time_to_first_chunk",
  "gen_ai.evaluation.score.value",
]);

/** Events of spans. */
export const spanEventNames = {
  "longline.wait.started": "longline",
  "longline.wait.ended": "longline",
  /** A durable step of a tool is over. */
  "longline.tool_step.ended": "longline",
} as const satisfies Record<string, NameSource>;

/** Events that are sent as log records with an event name. */
export const eventNames = {
  /** What a person thinks of an answer. */
  "gen_ai.evaluation.result": "gen-ai-events.md",
  /** Which variant a session was given. */
  "feature_flag.evaluation": "feature-flags-events.md",
} as const satisfies Record<string, NameSource>;

/** AttributeValues of `gen_ai.operation.name`; `compact` and `deliver` are our own, because none of the conventions' values applies. */
export const operationNames = {
  invoke_agent: "gen-ai-agent-spans.md",
  execute_tool: "gen-ai-agent-spans.md",
  chat: "client-inference.md",
  compact: "longline",
  deliver: "longline",
} as const satisfies Record<string, NameSource>;

/**
 * Metrics with their units. `gen_ai.client.inference.time_per_output_chunk` is left out: the log has no times of chunks. So is
 * `…usage.cache_write.input_tokens`: no provider that Longline speaks to reports it.
 */
export const metricUnits = {
  "gen_ai.client.inference.duration": "s",
  "gen_ai.client.inference.time_to_first_chunk": "s",
  "gen_ai.client.inference.usage.input_tokens": "{token}",
  "gen_ai.client.inference.usage.output_tokens": "{token}",
  "gen_ai.client.inference.usage.cache_read.input_tokens": "{token}",
  "gen_ai.client.inference.usage.reasoning.output_tokens": "{token}",
  "gen_ai.client.inference.operation.input_tokens": "{token}",
  "gen_ai.client.inference.operation.output_tokens": "{token}",
  "gen_ai.invoke_agent.duration": "s",
  "gen_ai.invoke_agent.inference_calls": "{inference_call}",
  "gen_ai.invoke_agent.tool_calls": "{tool_call}",
  "gen_ai.execute_tool.duration": "s",
  /** Millionths of a US dollar. */
  "longline.cost": "{micro_usd}",
} as const satisfies Record<string, string>;

/** Where each is defined, and what it is: the Worker needs neither. */
export const metricNames = {
  "gen_ai.client.inference.duration": { kind: "histogram", source: "client-inference.md" },
  "gen_ai.client.inference.time_to_first_chunk": { kind: "histogram", source: "client-inference.md" },
  "gen_ai.client.inference.usage.input_tokens": { kind: "sum", source: "gen-ai-token-metrics.md" },
  "gen_ai.client.inference.usage.output_tokens": { kind: "sum", source: "gen-ai-token-metrics.md" },
  "gen_ai.client.inference.usage.cache_read.input_tokens": { kind: "sum", source: "gen-ai-token-metrics.md" },
  "gen_ai.client.inference.usage.reasoning.output_tokens": { kind: "sum", source: "gen-ai-token-metrics.md" },
  "gen_ai.client.inference.operation.input_tokens": { kind: "histogram", source: "gen-ai-token-metrics.md" },
  "gen_ai.client.inference.operation.output_tokens": { kind: "histogram", source: "gen-ai-token-metrics.md" },
  "gen_ai.invoke_agent.duration": { kind: "histogram", source: "gen-ai-metrics.md" },
  "gen_ai.invoke_agent.inference_calls": { kind: "histogram", source: "gen-ai-metrics.md" },
  "gen_ai.invoke_agent.tool_calls": { kind: "histogram", source: "gen-ai-metrics.md" },
  "gen_ai.execute_tool.duration": { kind: "histogram", source: "gen-ai-metrics.md" },
  "longline.cost": { kind: "sum", source: "longline" },
} as const satisfies Record<MetricName, { kind: "histogram" | "sum"; source: NameSource }>;

export type AttributeName = keyof typeof attributeNames;
export type SpanEventName = keyof typeof spanEventNames;
export type EventName = keyof typeof eventNames;
export type MetricName = keyof typeof metricUnits;

interface AttributeValues {
  string: string;
  int: number;
  double: number;
  boolean: boolean;
  "string[]": readonly string[];
}

/** Attributes by name; each value has the type that the table says. */
export type Attributes = { [name in AttributeName]?: AttributeValues[(typeof attributeNames)[name]["type"]] };

/** Builds entries for tests in few words. Every field that a test does not name has a plain value. */
import type { AssistantEntry, StepFailedEntry, ToolEntry, TurnEndedEntry, UserEntry } from "../../src/core/entry.ts";
import type { ToolCall } from "../../src/core/message.ts";

const placed = { turn: "turn_1", atMs: 1_700_000_000_000 };
const usage = { inputTokens: 10, cachedTokens: 4, outputTokens: 6, reasoningTokens: 2 };

export type Unplaced<T> = Omit<T, "seq">;

export function user(more: Partial<Unplaced<UserEntry>> = {}): Unplaced<UserEntry> {
  return { type: "user", ...placed, content: "Hello", options: {}, ...more };
}

export function assistant(more: Partial<Unplaced<AssistantEntry>> = {}): Unplaced<AssistantEntry> {
  const of = { ...placed, step: 1, attempt: 1, model: "m" };
  return {
    type: "assistant",
    ...of,
    content: "Hi",
    reasoning: "",
    toolCalls: [],
    finishReason: "stop",
    usage,
    costMicros: 3,
    ...more,
  };
}

/** A reply that asks for these tools; the calls' ids are `c0`, `c1`, ... */
export function asking(names: string[], more: Partial<Unplaced<AssistantEntry>> = {}): Unplaced<AssistantEntry> {
  const toolCalls = names.map((name, place) => call(`c${place}`, name));
  return assistant({ content: "", finishReason: "tool_calls", toolCalls, ...more });
}

export function call(id: string, name = "clock", args = "{}"): ToolCall {
  return { id, name, arguments: args };
}

export function result(callId: string, more: Partial<Unplaced<ToolEntry>> = {}): Unplaced<ToolEntry> {
  return {
    type: "tool",
    ...placed,
    step: 1,
    callId,
    name: "clock",
    content: "12:00",
    isError: false,
    durationMs: 1,
    ...more,
  };
}

export function failed(more: Partial<Unplaced<StepFailedEntry>> = {}): Unplaced<StepFailedEntry> {
  const failure = { code: "model_unavailable", detail: "HTTP 503", retryable: true } as const;
  return {
    type: "step_failed",
    ...placed,
    step: 1,
    attempt: 1,
    model: "m",
    content: "",
    reasoning: "",
    failure,
    usage,
    costMicros: 3,
    ...more,
  };
}

export function ended(more: Partial<Unplaced<TurnEndedEntry>> = {}): Unplaced<TurnEndedEntry> {
  return { type: "turn_ended", ...placed, reason: "completed", usage, costMicros: 3, steps: 1, ...more };
}

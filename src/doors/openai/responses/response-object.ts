/** The Response object: the echo of what was asked for, and how it ended. Source: resources/responses of OpenAI's client, openai 7.57.0. */
import type { Usage } from "../../../core/cost.ts";
import type { ResponseFormat, TurnOptions } from "../../../core/entry.ts";
import type { Failure } from "../../../core/errors.ts";
import type { SessionEvent } from "../../../core/event.ts";
import type { AnswerRequest } from "../../../wire/manner.ts";
import { isFiltered } from "../openai-failure.ts";
import { declaredTools, functionNameOf } from "./namespaces.ts";
import { type Notes, readNotes } from "./notes.ts";
import type { OutputItem } from "./response-items.ts";

export type ResponseStatus = "queued" | "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";

/** The state of a response. `error` and `reason` say why it did not complete. */
export interface ResponseState {
  status: ResponseStatus;
  error?: { code: string; message: string };
  reason?: "max_output_tokens" | "content_filter";
}

/** What of a response changes while it is made. */
export interface Grown extends ResponseState {
  output: readonly OutputItem[];
  usage?: Usage;
  model: string;
}

/** `session`: its id is the conversation's. */
export function responseObject(
  { id, session, asked }: { id: string; session: string; asked: AnswerRequest },
  grown: Grown,
) {
  const { options, metadata, atMs } = asked;
  const { own, notes } = readNotes(metadata);
  const { status, error, reason, output, usage, model } = grown;
  return {
    id,
    object: "response",
    created_at: Math.floor(atMs / 1000),
    status,
    background: notes.background === "true",
    error: error ?? null,
    incomplete_details: reason === undefined ? null : { reason },
    output,
    model,
    previous_response_id: notes.previous_response_id ?? null,
    conversation: notes.conversation === undefined ? null : { id: session },
    ...echo(options, notes),
    reasoning: { effort: notes.reasoning_effort ?? null, summary: notes.reasoning_summary ?? null },
    service_tier: "default",
    store: notes.store !== "false",
    truncation: notes.truncation ?? "disabled",
    max_tool_calls: null,
    top_logprobs: 0,
    prompt_cache_key: notes.prompt_cache_key ?? null,
    safety_identifier: notes.safety_identifier ?? null,
    user: notes.user ?? null,
    metadata: own,
    usage: usage === undefined ? null : usageJson(usage),
    access_programs: null,
  };
}

function echo(options: TurnOptions, notes: Notes) {
  const { instructions, sampling, responseFormat, tools = [], oneCall } = options;
  return {
    instructions: instructions ?? null,
    max_output_tokens: sampling?.maxTokens ?? null,
    temperature: sampling?.temperature ?? null,
    top_p: sampling?.topP ?? null,
    text: { format: formatJson(responseFormat, notes.format_name), verbosity: notes.verbosity ?? "medium" },
    tool_choice: choiceJson(options),
    tools: [
      ...declaredTools(tools),
      ...(notes.own_tools === "true" ? [{ type: "mcp", server_label: "longline" }] : []),
    ],
    parallel_tool_calls: oneCall !== true,
  };
}

function formatJson(format: ResponseFormat | undefined, name = "answer") {
  if (format?.type !== "json_schema") return { type: format?.type ?? "text" };
  return { type: "json_schema", name, schema: format.schema, strict: true };
}

function choiceJson({ toolChoice: choice, allowedTools, tools = [] }: TurnOptions) {
  const functionJson = (flat: string) => {
    const { name, namespace } = functionNameOf(flat, tools);
    return { type: "function", name: namespace === undefined ? name : `${namespace}.${name}` };
  };
  if (typeof choice === "object") return functionJson(choice.name);
  if (allowedTools === undefined) return choice ?? "auto";
  const { names, own } = allowedTools;
  const allowed = [...names.map(functionJson), ...(own ? [{ type: "mcp", server_label: "longline" }] : [])];
  return { type: "allowed_tools", mode: choice ?? "auto", tools: allowed };
}

function usageJson({ inputTokens, cachedTokens, outputTokens, reasoningTokens }: Usage) {
  return {
    input_tokens: inputTokens + cachedTokens,
    // Providers here bill no writing into their caches apart; OpenAI's document (2.3.0) requires the member.
    input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + cachedTokens + outputTokens,
  };
}

/** The state of a response whose turn has ended. */
export function standingOf(ended: Extract<SessionEvent, { type: "turn.ended" }>): ResponseState {
  const { reason, failure } = ended;
  if (isFiltered(ended)) return { status: "incomplete", reason: "content_filter" };
  switch (reason) {
    case "completed":
      return { status: "completed" };
    case "length":
    case "step_limit":
      return { status: "incomplete", reason: "max_output_tokens" };
    case "cancelled":
    case "interrupted":
      return { status: "cancelled" };
    case "budget_exhausted":
      return failed("rate_limit_exceeded", failure?.detail ?? "The account's budget is used up.");
    case "failed":
      return failedBy(failure);
  }
}

function failedBy(failure: Failure | undefined): ResponseState {
  const message = failure?.detail ?? "The turn failed.";
  switch (failure?.code) {
    case "content_filter":
    case "context_overflow":
      return failed("invalid_prompt", message);
    case "model_rate_limited":
      return failed("rate_limit_exceeded", message);
    default:
      return failed("server_error", message);
  }
}

function failed(code: string, message: string): ResponseState {
  return { status: "failed", error: { code, message } };
}

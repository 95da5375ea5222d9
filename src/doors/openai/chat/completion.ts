/** OpenAI's words for one answer: the chat completion as one object, what was used, and how it ended. Pure. */

import type { Usage } from "../../../core/cost.ts";
import type { SessionEvent } from "../../../core/event.ts";
import { isFiltered } from "../openai-failure.ts";
import type { Segment } from "./segment.ts";

/** `created`: seconds since 1970. `isPart`: it is a later part of its turn, so what the turn used is more than what it used. */
export interface CompletionFacts {
  id: string;
  created: number;
  model: string;
  isPart: boolean;
}

/** The body of an answer that has ended, or waits for its client. */
export function chatCompletion(segment: Segment, of: CompletionFacts): Record<string, unknown> {
  const { id, created, model, isPart } = of;
  const { turnEnd, clientCalls, reasoning, text, refusal, usage } = segment;
  const calls = segment.isOver || turnEnd === undefined ? clientCalls : [];
  const message = {
    role: "assistant",
    content: text === "" && (calls.length > 0 || refusal !== "") ? null : text,
    refusal: refusal === "" ? null : refusal,
    ...(reasoning !== "" && { reasoning_content: reasoning }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: text }) => {
        return { id, type: "function", function: { name, arguments: text } };
      }),
    }),
  };
  const finish = calls.length > 0 || turnEnd === undefined ? "tool_calls" : finishReasonOf(turnEnd);
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: chatUsage(turnEnd === undefined || isPart ? usage : turnEnd.usage),
  };
}

/** With DeepSeek's two members after OpenAI's. `prompt_tokens` includes the cached ones. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
  prompt_cache_hit_tokens: number;
  prompt_cache_miss_tokens: number;
}

export function chatUsage({ inputTokens, cachedTokens, outputTokens, reasoningTokens }: Usage): ChatUsage {
  return {
    prompt_tokens: inputTokens + cachedTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + cachedTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
    prompt_cache_hit_tokens: cachedTokens,
    prompt_cache_miss_tokens: inputTokens,
  };
}

/** A turn that was stopped says no more, and that is all a chat client has a word for. */
export function finishReasonOf(
  ended: Pick<Extract<SessionEvent, { type: "turn.ended" }>, "reason" | "failure">,
): "stop" | "length" | "content_filter" {
  if (isFiltered(ended)) return "content_filter";
  return ended.reason === "length" || ended.reason === "step_limit" ? "length" : "stop";
}

/** OpenAI's words for what a turn used and how it ended. Pure. */
import type { Usage } from "../../../core/cost.ts";
import type { SessionEvent } from "../../../core/event.ts";
import { isFiltered } from "../openai-failure.ts";

/** With DeepSeek's two members behind OpenAI's. `prompt_tokens` includes the cached ones. */
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

/** The part of the chat-completions wire that we read. Every leaf is `unknown`, because gateways vary: readers check before they believe. */

/** A leaf that is text and says something; gateways write `null`, `""` and nothing at all for the same. */
export function filled(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** One streamed chunk, or a whole answer from a provider that does not stream. */
export interface WireChunk {
  /** One element, or none on a chunk that only brings usage. */
  choices?: (WireChoice | null)[] | null;
  usage?: WireUsage | null;
  /** Providers also fail inside a stream that began with status 200. */
  error?: unknown;
}

export interface WireChoice {
  /** What is new, in a stream. */
  delta?: WireDelta | null;
  /** Everything at once, when the provider did not stream. */
  message?: WireDelta | null;
  finish_reason?: unknown;
}

export interface WireDelta {
  content?: unknown;
  /** DeepSeek's name for reasoning. */
  reasoning_content?: unknown;
  /** OpenRouter's name for reasoning. */
  reasoning?: unknown;
  tool_calls?: (WireCallFragment | null)[] | null;
}

/** A piece of a call: the first has `id` and `function.name`, later ones only more `arguments`. */
export interface WireCallFragment {
  index?: unknown;
  id?: unknown;
  function?: { name?: unknown; arguments?: unknown } | null;
}

/** Token counts. `prompt_tokens` includes the cached ones; `completion_tokens` includes reasoning. */
export interface WireUsage {
  prompt_tokens?: unknown;
  completion_tokens?: unknown;
  prompt_cache_hit_tokens?: unknown;
  prompt_cache_miss_tokens?: unknown;
  prompt_tokens_details?: { cached_tokens?: unknown } | null;
  completion_tokens_details?: { reasoning_tokens?: unknown } | null;
}

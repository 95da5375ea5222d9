/** The part of the chat-completions wire that we read. Every leaf is `unknown`, because gateways vary: readers check before they believe. */

/** A leaf that is text and not empty; gateways write `null`, `""` and nothing at all for the same. */
export function filled(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function isObject<T>(value: T): value is T & object {
  return typeof value === "object" && value !== null;
}

/** A member of a value that may be anything. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) ? (value as Record<string, unknown>)[name] : undefined;
}

/** One streamed chunk, or a whole answer from a provider that does not stream. */
export interface WireChunk {
  /** One element, or none on a chunk that only brings usage. */
  choices?: (WireChoice | null)[] | null;
  usage?: WireUsage | null;
  /** Where Groq puts usage. */
  x_groq?: unknown;
  /** What llama.cpp's server counts. */
  timings?: unknown;
  /** Providers also fail inside a stream that began with status 200. */
  error?: unknown;
}

export interface WireChoice {
  /** What is new, in a stream. */
  delta?: WireDelta | null;
  /** Everything at once: of a provider that did not stream, or once more at the end of a stream. */
  message?: WireDelta | null;
  /** The answer of the older completions wire. */
  text?: unknown;
  finish_reason?: unknown;
  /** Where Moonshot puts usage. */
  usage?: unknown;
  /** Where OpenRouter puts the error of a provider that failed in mid-stream. */
  error?: unknown;
}

export interface WireDelta {
  /** Text, or a list of parts (`content-parts.ts`). */
  content?: unknown;
  /** Reasoning; hosts have other names for it, too (`content-parts.ts`). */
  reasoning_content?: unknown;
  reasoning?: unknown;
  /** The text of the model's refusal to answer. */
  refusal?: unknown;
  /** Of an answer that is spoken, its words are in `transcript`. */
  audio?: unknown;
  tool_calls?: unknown;
  /** What `tool_calls` was before November 2023. */
  function_call?: unknown;
}

/** A piece of a call: the first has `id` and `function.name`, later ones only more `arguments`. */
export interface WireCallFragment {
  index?: unknown;
  id?: unknown;
  /** Some gateways leave this level out. */
  function?: unknown;
  name?: unknown;
  arguments?: unknown;
}

/** Token counts by DeepSeek's and OpenAI's names; others are in `wire-usage.ts`. `prompt_tokens` includes the cached ones; `completion_tokens` includes reasoning. */
export interface WireUsage {
  prompt_tokens?: unknown;
  completion_tokens?: unknown;
  prompt_cache_hit_tokens?: unknown;
  prompt_cache_miss_tokens?: unknown;
  prompt_tokens_details?: { cached_tokens?: unknown } | null;
  completion_tokens_details?: { reasoning_tokens?: unknown } | null;
}

/** Reads token counts wherever and however hosts send them. Pure. */
import type { Usage } from "../core/cost.ts";
import { isObject, member, type WireChoice, type WireChunk } from "./wire.ts";

/**
 * The usage of a chunk: at its top (OpenAI, DeepSeek), in its choice (Moonshot: pi#2017), in `x_groq` (Groq), or as
 * `timings` of llama.cpp's server, which sends no usage without a request for it. `undefined` when there is none, or nothing
 * but zeros: some hosts send zeros in every chunk.
 */
export function usageIn(chunk: WireChunk, choice: WireChoice | null | undefined): Usage | undefined {
  const slots = [chunk.usage, choice?.usage, chunk.x_groq, chunk.timings];
  if (slots.every((slot) => slot === undefined || slot === null)) return undefined;
  const found = [chunk.usage, choice?.usage, member(chunk.x_groq, "usage"), timings(chunk.timings)]
    .filter(isObject)
    .map(usageOf);
  return found.find((usage) => usage.inputTokens + usage.cachedTokens + usage.outputTokens > 0);
}

/** Disjoint counts. Of names for the same count the first that is above zero: gateways fill some with zero and know better in others. */
function usageOf(wire: object): Usage {
  const cached = first(wire, [
    "prompt_cache_hit_tokens",
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    // Moonshot's own, beside the sums; then Together's and Anthropic's.
    "cached_tokens",
    "cached_prompt_tokens",
    "cache_read_input_tokens",
  ]);
  const prompt = first(wire, ["prompt_tokens"]) || inputOf(wire) || cached + first(wire, ["prompt_cache_miss_tokens"]);
  const outputTokens = first(wire, ["completion_tokens", "output_tokens"]);
  const cachedTokens = Math.min(prompt, cached);
  return {
    inputTokens: prompt - cachedTokens,
    cachedTokens,
    outputTokens,
    reasoningTokens: first(wire, [
      "completion_tokens_details.reasoning_tokens",
      "output_tokens_details.reasoning_tokens",
      "reasoning_tokens",
    ]),
  };
}

/** OpenAI's newer name includes the cached tokens, Anthropic's same name does not. */
function inputOf(wire: object): number {
  const apart = first(wire, ["cache_read_input_tokens"]) + first(wire, ["cache_creation_input_tokens"]);
  return first(wire, ["input_tokens"]) + apart;
}

/** llama.cpp: `prompt_n` was read now, `cache_n` came from its cache, `predicted_n` was written. */
function timings(wire: unknown): object | undefined {
  if (!isObject(wire)) return undefined;
  const cached = count(member(wire, "cache_n"));
  return {
    prompt_tokens: count(member(wire, "prompt_n")) + cached,
    cached_tokens: cached,
    completion_tokens: count(member(wire, "predicted_n")),
  };
}

function first(wire: object, paths: readonly string[]): number {
  for (const path of paths) {
    const found = count(path.split(".").reduce<unknown>(member, wire));
    if (found > 0) return found;
  }
  return 0;
}

/** A whole number above zero, also when it comes as text; anything else is zero. */
function count(value: unknown): number {
  const number = typeof value === "string" && /^\d{1,12}(?:\.0*)?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && number > 0 && number <= Number.MAX_SAFE_INTEGER ? Math.trunc(number) : 0;
}

/** Both as far as each knows: counts only grow within an answer, and a frame that lacks one of them knows less, not better. */
export function largerUsage(a: Usage, b: Usage): Usage {
  return b.inputTokens + b.cachedTokens + b.outputTokens >= a.inputTokens + a.cachedTokens + a.outputTokens ? b : a;
}

/** Tokens and money, in integers only: tokens, and micro-dollars (1,000,000 = one US dollar). */

/** Tokens of one model call or a sum of them. `inputTokens` (billed fresh) and `cachedTokens` (billed as hits) are disjoint; `reasoningTokens` is part of `outputTokens`. */
export interface Usage {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  /** Some of it is our estimate: the provider sent no counts for a call that was stopped, cut or failed. */
  estimated?: true;
}

/** Micro-dollars per million tokens. Source of each figure: the profile that carries it. */
export interface Prices {
  hit: number;
  miss: number;
  output: number;
}

export const noUsage: Usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** Sums two usages field by field; the sum is estimated when a part of it is. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    ...((a.estimated || b.estimated) && { estimated: true }),
  };
}

/** What a call may cost at the worst: every token of the request fresh, and the longest answer. */
export function worstCaseMicros(call: { requestTokens: number; maxTokens: number }, prices: Prices): number {
  const usage = { inputTokens: call.requestTokens, cachedTokens: 0, outputTokens: call.maxTokens, reasoningTokens: 0 };
  return costMicros(usage, { ...prices, miss: Math.max(prices.miss, prices.hit) });
}

/** The price of one model call in micro-dollars, rounded up so that a sum of calls is never below the bill. */
export function costMicros(usage: Usage, prices: Prices): number {
  const scaled = usage.cachedTokens * prices.hit + usage.inputTokens * prices.miss + usage.outputTokens * prices.output;
  return Math.ceil(scaled / 1_000_000);
}

/** Explains why the provider's prefix cache hits or misses: compares the beginning of each request with the request before it. Pure; the provider alone decides what really hits. */

/** The parts of a request's head, in the order of its bytes. Texts are named by their fingerprint. */
export interface HeadFacts {
  /** Name of the agent, where it may give the session to another one. */
  agent?: string;
  /** Provider and model. */
  model: string;
  /** `max_tokens`, `thinking`, `response_format`: their JSON. */
  parameters: Record<string, string>;
  tools: Record<string, { description: string; parameters: string; strict: string }>;
  /** Fingerprint of the agent's and the session's own words. */
  instructions: string;
  /** Fingerprint of the registered prefix; `""` without one. */
  documents: string;
}

/** What is known of a request once it was made. */
export interface RequestFacts {
  head: HeadFacts;
  /** The newest entry that was not shown any more: a summary replaces it, or nothing does. */
  windowSeq: number;
  atMs: number;
  /** Tokens of the request, fresh and cached, as the provider counted them. */
  tokens: number;
}

/** Tokens that the request should find cached, and why it will not find all of the request before. */
export interface PrefixForecast {
  expectedTokens: number;
  /** The first thing that differs, in words; absent when the request begins with all of the one before. */
  because?: string;
}

/** `blockTokens`: the provider caches in whole blocks of so many. `expiresAfterMs`: how long it is known to keep them at least. */
export function forecast(
  before: RequestFacts | undefined,
  now: Omit<RequestFacts, "tokens">,
  cache: { blockTokens: number },
): PrefixForecast {
  if (before === undefined) return { expectedTokens: 0, because: "cold: first request" };
  const difference = firstDifference(before.head, now.head);
  if (difference !== undefined) return { expectedTokens: 0, because: difference };
  if (before.windowSeq !== now.windowSeq) {
    return { expectedTokens: 0, because: `a summary took the place of the entries up to ${now.windowSeq}` };
  }
  return { expectedTokens: Math.floor(before.tokens / cache.blockTokens) * cache.blockTokens };
}

/** How long providers keep a prefix that is not requested: hours, says DeepSeek; less is not promised (api-docs.deepseek.com/guides/kv_cache). */
const keptMinutes = 60;

/** What a report says that falls short of the forecast; `undefined` when it does not. */
export function shortfall(
  { expectedTokens, because }: PrefixForecast,
  { cachedTokens, idleMs }: { cachedTokens: number; idleMs: number },
): string | undefined {
  if (because !== undefined) return because;
  if (cachedTokens >= expectedTokens) return undefined;
  const minutes = Math.floor(idleMs / 60_000);
  if (minutes >= keptMinutes) return `expired after ${minutes} min`;
  return `the provider found ${cachedTokens} of ${expectedTokens} tokens: it caches as far as it can, and takes seconds to begin`;
}

/** The first field in which two heads differ, in the order of their bytes; `undefined` when they are equal. */
export function firstDifference(before: HeadFacts, now: HeadFacts): string | undefined {
  // Everything else may differ because of it.
  if (before.agent !== undefined && before.agent !== now.agent)
    return `the session was handed from ${before.agent} to ${now.agent ?? "another agent"}`;
  if (before.model !== now.model) {
    const what = providerOf(before.model) === providerOf(now.model) ? "model" : "provider";
    return `${what} switched from ${before.model} to ${now.model}`;
  }
  for (const name of names(before.parameters, now.parameters)) {
    if (before.parameters[name] !== now.parameters[name]) return `parameter ${name} changed`;
  }
  return toolDifference(before.tools, now.tools) ?? textDifference(before, now);
}

function toolDifference(before: HeadFacts["tools"], now: HeadFacts["tools"]): string | undefined {
  for (const name of names(before, now)) {
    const [old, fresh] = [before[name], now[name]];
    if (old === undefined) return `tool \`${name}\` was added`;
    if (fresh === undefined) return `tool \`${name}\` was removed`;
    for (const field of ["description", "strict", "parameters"] as const) {
      if (old[field] !== fresh[field]) return `tool \`${name}\` ${field} changed`;
    }
  }
  return undefined;
}

function textDifference(before: HeadFacts, now: HeadFacts): string | undefined {
  // A session never changes its own.
  if (before.instructions !== now.instructions) return "instructions changed by deploy";
  return before.documents === now.documents ? undefined : "documents changed";
}

function providerOf(model: string): string {
  return model.slice(0, model.indexOf("/"));
}

function names(a: object, b: object): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
}

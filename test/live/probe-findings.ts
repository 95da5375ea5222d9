/** What the probe can find out about a provider, and how an answer is read as a finding. Pure: asks nobody. */
import type { FailureCode } from "../../src/core/errors.ts";
import type { WireChunk, WireDelta } from "../../src/model/wire.ts";
import type { Exchange } from "./exchange.ts";

/**
 * How a provider took something: it did it, it took it and nothing showed, it refused it, or we do not know, because it
 * was not asked or its answer says nothing about it (a full queue, a timeout).
 */
export type Verdict = "works" | "no_effect" | "refused" | "unknown";

/** How a provider says no. */
export interface ErrorShape {
  /** 0 when no answer came. */
  status: number;
  /** What Longline takes it for; `undefined` when the provider answered all the same. */
  takenFor: FailureCode | undefined;
  /** The keys of the body, e.g. `error.{code,message,param,type}`, or `web page`, or `text`. */
  envelope: string;
}

export interface ProbeFindings {
  baseUrl: string;
  modelId: string;
  /** Requests made. */
  requests: number;
  /** Why nothing else could be asked; `undefined` when the model answers. Safe to show. */
  silent: string | undefined;
  listed: "yes" | "no" | "no_list";
  stream: {
    works: boolean;
    usage: "last_content_chunk" | "own_chunk" | "none";
    done: boolean;
    comments: boolean;
  };
  cache: {
    /** Which field tells of cached tokens: DeepSeek's, OpenAI's, both, or none. */
    field: "prompt_cache_hit_tokens" | "cached_tokens" | "both" | "none";
    /** The most that were read from the cache; every question begins with the same 300 tokens. */
    tokens: number;
  };
  thinking: {
    field: "reasoning_content" | "reasoning" | "none";
    byDefault: boolean;
    /** `thinking: {type}`. */
    parameter: Verdict;
    withTools: Verdict;
  };
  /** Earlier reasoning sent back as `reasoning_content`. */
  reasoningReplay: Verdict;
  tools: Verdict;
  parallelCalls: Verdict;
  forcedTool: { notThinking: Verdict; thinking: Verdict };
  /** Whether a schema that strict mode must refuse is refused: at `/beta`, or at the base; or taken; or the flag itself is refused. */
  strict: "beta" | "field" | "ignored" | "refused" | "unknown";
  betaBase: boolean;
  /** A half answer continued by `prefix: true`, at `/beta`. */
  continuation: Verdict;
  jsonModes: { object: Verdict; schema: Verdict };
  /** The highest `max_tokens`, and the context window, as far as a refusal names them. */
  maxTokens: number | undefined;
  contextTokens: number | undefined;
  errors: { wrongModel: ErrorShape | undefined; wrongKey: ErrorShape | undefined };
}

/** Findings before anything was asked. */
export function nothingFound(baseUrl: string, modelId: string): ProbeFindings {
  return {
    baseUrl,
    modelId,
    requests: 0,
    silent: undefined,
    listed: "no_list",
    stream: { works: false, usage: "none", done: false, comments: false },
    cache: { field: "none", tokens: 0 },
    thinking: { field: "none", byDefault: false, parameter: "unknown", withTools: "unknown" },
    reasoningReplay: "unknown",
    tools: "unknown",
    parallelCalls: "unknown",
    forcedTool: { notThinking: "unknown", thinking: "unknown" },
    strict: "unknown",
    betaBase: false,
    continuation: "unknown",
    jsonModes: { object: "unknown", schema: "unknown" },
    maxTokens: undefined,
    contextTokens: undefined,
    errors: { wrongModel: undefined, wrongKey: undefined },
  };
}

/** `worked`: whether the answer, if one came, shows the effect. */
export function verdictOf({ failure }: Exchange, worked: boolean): Verdict {
  if (failure === undefined) return worked ? "works" : "no_effect";
  return failure.code === "model_refused" || failure.code === "model_reasoning_rule" ? "refused" : "unknown";
}

/** The answer's text in one piece. */
export function textOf({ events }: Exchange): string {
  return events.map((event) => (event.type === "text" ? event.text : "")).join("");
}

/** How many calls of tools the answer holds. */
export function callsIn({ events }: Exchange): number {
  return new Set(events.flatMap((event) => (event.type === "tool_call" ? [event.index] : []))).size;
}

/** Which field the answer reasoned in. */
export function reasoningField({ payloads }: Exchange): ProbeFindings["thinking"]["field"] {
  const deltas = payloads.flatMap((payload) => deltaOf(chunkOf(payload)) ?? []);
  const filled = (key: keyof WireDelta) => deltas.some((delta) => typeof delta[key] === "string" && delta[key] !== "");
  return filled("reasoning_content") ? "reasoning_content" : filled("reasoning") ? "reasoning" : "none";
}

/** How the answer streams, and where it tells its usage. */
export function streamOf(exchange: Exchange): ProbeFindings["stream"] {
  const { payloads, events, streamed, done, comments } = exchange;
  const works = streamed && events.some(({ type }) => type === "finish");
  const last = payloads.map(chunkOf).findLast((chunk) => typeof chunk?.usage === "object" && chunk.usage !== null);
  const own = last?.choices === undefined || last.choices === null || last.choices.length === 0;
  return { works, usage: last === undefined ? "none" : own ? "own_chunk" : "last_content_chunk", done, comments };
}

/** What the answers together tell about the prefix cache. */
export function cacheOf(exchanges: readonly Exchange[]): ProbeFindings["cache"] {
  const usages = exchanges.flatMap(({ payloads }) => payloads.flatMap((payload) => chunkOf(payload)?.usage ?? []));
  const own = usages.some(({ prompt_cache_hit_tokens: hit }) => typeof hit === "number");
  const openai = usages.some(({ prompt_tokens_details: details }) => typeof details?.cached_tokens === "number");
  const read = exchanges.flatMap(({ events }) =>
    events.flatMap((event) => (event.type === "usage" ? [event.usage.cachedTokens] : [])),
  );
  const field = own && openai ? "both" : own ? "prompt_cache_hit_tokens" : openai ? "cached_tokens" : "none";
  return { field, tokens: Math.max(0, ...read) };
}

/** Whether `GET /models` names the model. */
export function listedIn({ status, body }: Exchange, modelId: string): ProbeFindings["listed"] {
  const list = status === 200 ? (parsed(body) as { data?: unknown } | undefined)?.data : undefined;
  if (!Array.isArray(list)) return "no_list";
  return list.some((entry) => (entry as { id?: unknown } | null)?.id === modelId) ? "yes" : "no";
}

/** How a schema was taken that strict mode must refuse. */
export function strictVerdict({ failure, status }: Exchange): "honoured" | "ignored" | "refused" | "unknown" {
  if (failure === undefined) return "ignored";
  if (failure.code !== "model_refused" || status === 404 || status === 405) return "unknown";
  const flag = /(unknown|unrecogni[sz]ed|unexpected|unsupported|extra)\b.{0,60}\bstrict\b/i;
  if (flag.test(failure.raw ?? failure.detail)) return "refused";
  return /propert|schema/i.test(failure.raw ?? failure.detail) ? "honoured" : "refused";
}

/** The limits a refusal of an absurd `max_tokens` names. Wordings: DeepSeek's, OpenAI's, vLLM's. */
export function limitsIn({ failure }: Exchange): Pick<ProbeFindings, "maxTokens" | "contextTokens"> {
  const said = failure?.raw ?? failure?.detail ?? "";
  const most = /\[1, ?(\d+)\]|at most (\d+) completion tokens|(?:less than or equal to|<=) ?(\d+)/.exec(said);
  const context = /maximum context length (?:is|of) (\d+)/.exec(said);
  return { maxTokens: numberIn(most), contextTokens: numberIn(context) };
}

/** How the provider says no. */
export function errorShape({ status, failure, body }: Exchange): ErrorShape {
  return { status, takenFor: failure?.code, envelope: failure === undefined ? "an answer" : envelopeOf(body) };
}

function envelopeOf(body: string): string {
  const value = parsed(body);
  if (value === undefined) return body.trimStart().startsWith("<") ? "web page" : "text";
  const error = (value as { error?: unknown }).error;
  const inner = typeof error === "object" && error !== null ? error : undefined;
  const keys = (of: object) => `{${Object.keys(of).sort().join(",")}}`;
  return inner === undefined ? keys(value) : `error.${keys(inner)}`;
}

function numberIn(match: RegExpExecArray | null): number | undefined {
  const digits = match?.slice(1).find((group) => group !== undefined);
  return digits === undefined ? undefined : Number(digits);
}

function chunkOf(payload: string): WireChunk | undefined {
  return parsed(payload);
}

function deltaOf(chunk: WireChunk | undefined): WireDelta | undefined {
  const choice = chunk?.choices?.[0];
  return choice?.delta ?? choice?.message ?? undefined;
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

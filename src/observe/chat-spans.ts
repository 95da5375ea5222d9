/**
 * The model calls of an entry as spans: one per attempt, side by side, so that a retry or a crash is seen as what it was.
 * Pure.
 *
 * Times are those of the log. Attempts that it has no times of (a crash cut them off, or an earlier version recorded
 * them) share the time between their neighbours equally, and have `longline.time.derived`.
 */
import type { Usage } from "../core/cost.ts";
import type { CompactionEntry, Entry, TurnOptions } from "../core/entry.ts";
import type { Failure } from "../core/errors.ts";
import type { ContentWriter } from "./content.ts";
import type { Attributes } from "./names.ts";
import type { SpanBody } from "./span.ts";

/** Who answers for a model: its name in the catalog, and where it is called, unless it is called nowhere. */
export interface Provider {
  name: string;
  url?: string;
}

/** What model calls need to know beside the entry. */
export interface ChatFacts {
  session: string;
  options: TurnOptions;
  /** Of the agent's definition that the turn ran with; absent in turns of earlier versions. */
  version?: string | undefined;
  agent: string;
  /** The model was shown a summary in place of older entries. */
  isCompacted: boolean;
  /** Absent: spans hold nothing of what people, models and tools wrote. */
  content?: ContentWriter | undefined;
  provider(model: string): Provider | undefined;
}

type ReplyEntry = Extract<Entry, { type: "assistant" | "step_failed" }>;

interface Attempt {
  model: string;
  startMs: number;
  endMs: number;
  isDerived: boolean;
  usage: Usage | undefined;
  costMicros: number;
  failure: Failure | undefined;
}

/** One span per attempt. `sinceMs`: when the entry before was recorded. */
export function chatSpans(entry: ReplyEntry, sinceMs: number, facts: ChatFacts): SpanBody[] {
  const attempts = attemptsOf(entry, sinceMs);
  return attempts.map((attempt, index) => {
    const isLast = index === attempts.length - 1;
    const body = chatSpan(attempt, facts);
    const attributes: Attributes = {
      ...body.attributes,
      "longline.step": entry.step,
      "longline.attempt": index + 1,
      ...requestAttributes(facts),
      ...(isLast && replyAttributes(entry, facts)),
    };
    const isReplayed = isLast && entry.type === "assistant" && entry.replayed === true;
    const key = { seq: entry.seq, part: index + 1 };
    return { ...body, key, kind: isReplayed ? "internal" : "client", attributes };
  });
}

/** A compaction, and under it the model call that wrote the summary, where one did. */
export function compactionSpans(entry: CompactionEntry, facts: ChatFacts): SpanBody[] {
  const { seq, atMs, durationMs, model, usage, costMicros, failure } = entry;
  const [startMs, endMs] = [atMs - Math.max(0, durationMs), atMs];
  const key = { seq, part: 0 };
  const span: SpanBody = {
    key,
    name: "compact",
    kind: "internal",
    startMs,
    endMs,
    attributes: {
      "gen_ai.operation.name": "compact",
      "gen_ai.conversation.id": facts.session,
      ...(entry.cause && { "longline.compaction.cause": entry.cause }),
      "longline.compaction.through_seq": entry.throughSeq,
      // The turn went on with a summary made without a model: an error type, and no failed span.
      ...(failure && { "error.type": errorTypeOf(failure) }),
      ...(model === undefined && { ...usageAttributes(usage), "longline.cost_micros": costMicros }),
    },
  };
  if (model === undefined) return [span];
  const call: Attempt = { model, startMs, endMs, isDerived: false, usage, costMicros, failure: undefined };
  return [span, { ...chatSpan(call, facts), key: { seq, part: 1 }, under: key }];
}

/** `crash` for a call that a restart cut off; else the code of the failure. */
export function errorTypeOf({ code, cause }: Failure): string {
  return cause === "crash" ? "crash" : code;
}

/** `gen_ai.usage.input_tokens` includes cached tokens. */
function usageAttributes(usage: Usage): Attributes {
  const { inputTokens, cachedTokens, outputTokens, reasoningTokens, estimated } = usage;
  return {
    "gen_ai.usage.input_tokens": inputTokens + cachedTokens,
    "gen_ai.usage.cache_read.input_tokens": cachedTokens,
    "gen_ai.usage.output_tokens": outputTokens,
    "gen_ai.usage.reasoning.output_tokens": reasoningTokens,
    ...(estimated && { "longline.usage.estimated": true }),
  };
}

function chatSpan(attempt: Attempt, facts: ChatFacts): Omit<SpanBody, "key"> {
  const { model, startMs, endMs, usage, costMicros, failure } = attempt;
  const provider = facts.provider(model);
  const attributes: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": providerName(provider?.name),
    "gen_ai.request.model": model,
    "gen_ai.request.stream": true,
    "gen_ai.conversation.id": facts.session,
    ...(facts.version !== undefined && {
      "gen_ai.prompt.name": facts.agent,
      "gen_ai.prompt.version": facts.version,
    }),
    ...(provider?.url !== undefined && serverAttributes(provider.url)),
    ...(usage && usageAttributes(usage)),
    ...(usage && { "longline.cost_micros": costMicros }),
    ...(failure && { "error.type": errorTypeOf(failure) }),
    ...(attempt.isDerived && { "longline.time.derived": true }),
  };
  const failed = failure && { failed: { message: failure.detail } };
  return { name: `chat ${model}`, kind: "client", startMs, endMs, attributes, ...failed };
}

/** The conventions' spelling (`gen_ai.provider.name` in client-inference.md). */
function providerName(name = "unknown"): string {
  return name === "mistral" ? "mistral_ai" : name;
}

function serverAttributes(url: string): Attributes {
  const { hostname, port, protocol } = new URL(url);
  const standard = protocol === "http:" ? 80 : 443;
  return { "server.address": hostname, "server.port": port === "" ? standard : Number(port) };
}

/** What was asked for in each attempt of the turn's steps. */
function requestAttributes({ options, isCompacted, content }: ChatFacts): Attributes {
  const { sampling = {}, thinking, responseFormat } = options;
  const { maxTokens, temperature, topP, frequencyPenalty, presencePenalty, stop } = sampling;
  return {
    "gen_ai.output.type": responseFormat === undefined ? "text" : "json",
    ...(isCompacted && { "gen_ai.conversation.compacted": true }),
    ...(maxTokens !== undefined && { "gen_ai.request.max_tokens": maxTokens }),
    ...(temperature !== undefined && { "gen_ai.request.temperature": temperature }),
    ...(topP !== undefined && { "gen_ai.request.top_p": topP }),
    ...(frequencyPenalty !== undefined && { "gen_ai.request.frequency_penalty": frequencyPenalty }),
    ...(presencePenalty !== undefined && { "gen_ai.request.presence_penalty": presencePenalty }),
    ...(content && stop && { "gen_ai.request.stop_sequences": stop.map((text) => content.text(text)) }),
    ...(typeof thinking === "string" && { "gen_ai.request.reasoning.level": thinking }),
  };
}

function replyAttributes(entry: ReplyEntry, { content }: ChatFacts): Attributes {
  const { firstEventMs } = entry;
  return {
    ...(entry.type === "assistant" && { "gen_ai.response.finish_reasons": [entry.finishReason] }),
    ...(firstEventMs !== undefined && { "gen_ai.response.time_to_first_chunk": Math.max(0, firstEventMs) / 1_000 }),
    ...(entry.type === "assistant" && entry.replayed && { "longline.replayed": true }),
    ...(content && { "gen_ai.output.messages": content.outputMessages(entry) }),
  };
}

/** The tries that failed, in order, and the one that is the entry. */
function attemptsOf(entry: ReplyEntry, sinceMs: number): Attempt[] {
  const { tries = [], atMs, model } = entry;
  const last = { model, ...ownShare(entry), failure: entry.type === "step_failed" ? entry.failure : undefined };
  const times = timesOf([...tries, entry], Math.min(sinceMs, atMs), atMs);
  return [...tries.map((each) => ({ ...each, costMicros: each.costMicros ?? 0 })), last].map(
    ({ model, usage, costMicros, failure }, index): Attempt => ({
      ...{ model, usage, costMicros, failure },
      ...(times[index] ?? { startMs: atMs, endMs: atMs, isDerived: true }),
    }),
  );
}

/** When each attempt was made, within the time that all took: as it was recorded, else its share of what is left between those around it. */
function timesOf(
  attempts: readonly { atMs?: number; durationMs?: number }[],
  beganMs: number,
  endedMs: number,
): Pick<Attempt, "startMs" | "endMs" | "isDerived">[] {
  const recorded = attempts.map(({ atMs, durationMs }) => {
    if (atMs === undefined || durationMs === undefined) return undefined;
    return { startMs: clamp(atMs - durationMs, beganMs, endedMs), endMs: clamp(atMs, beganMs, endedMs) };
  });
  return attempts.map((_, index) => {
    const known = recorded[index];
    if (known !== undefined) return { ...known, isDerived: false };
    const before = recorded.findLastIndex((each, place) => place < index && each !== undefined);
    const after = recorded.findIndex((each, place) => place > index && each !== undefined);
    const fromMs = recorded[before]?.endMs ?? beganMs;
    const toMs = Math.max(fromMs, recorded[after]?.startMs ?? endedMs);
    const shareMs = (toMs - fromMs) / ((after < 0 ? attempts.length : after) - before - 1);
    const timeOf = (share: number) => Math.floor(fromMs + share * shareMs);
    return { startMs: timeOf(index - before - 1), endMs: timeOf(index - before), isDerived: true };
  });
}

/** What the last attempt alone used: the entry has the sums of all. Tries of earlier versions have no usage of their own; theirs stays with the last. */
function ownShare({ tries = [], usage, costMicros }: ReplyEntry): { usage: Usage; costMicros: number } {
  const left = (field: "inputTokens" | "cachedTokens" | "outputTokens" | "reasoningTokens") =>
    Math.max(
      0,
      tries.reduce((rest, each) => rest - (each.usage?.[field] ?? 0), usage[field]),
    );
  return {
    usage: {
      inputTokens: left("inputTokens"),
      cachedTokens: left("cachedTokens"),
      outputTokens: left("outputTokens"),
      reasoningTokens: left("reasoningTokens"),
      ...(usage.estimated && { estimated: true }),
    },
    costMicros: Math.max(
      0,
      tries.reduce((rest, each) => rest - (each.costMicros ?? 0), costMicros),
    ),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

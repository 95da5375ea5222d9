/**
 * Sums and histograms of an account's turns, cumulative since they were begun: a reader that missed an export has the
 * whole with the next one, and one that is sent twice counts once. Pure; the state is JSON.
 */
import type { Attributes, MetricName } from "./names.ts";
import type { ModelCallSample, TurnSamples } from "./telemetry.ts";

/** Most series: a name with a set of attributes. What comes after them is counted under `otel.metric.overflow`, as the SDK specification says (metrics/sdk.md, "Cardinality limits"). */
export const mostSeries = 1_000;

/** One name with one set of attributes. `buckets`: of a histogram, one more than there are bounds. */
export interface MetricSeries {
  name: MetricName;
  attributes: Attributes;
  isOverflow?: true;
  count: number;
  sum: number;
  buckets?: number[];
}

export interface MetricState {
  /** Since when it counts, in ms since 1970. */
  sinceMs: number;
  /** By name and attributes. */
  series: Record<string, MetricSeries>;
}

/** Bounds by the GenAI conventions: powers of two, of four for tokens. Upper, inclusive. */
function powers(first: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((first * factor ** index).toPrecision(12)));
}

const callSeconds = powers(0.01, 2, 14);
const tokens = powers(1, 4, 14);
/** Bounds of each histogram (`client-inference.md`, `gen-ai-metrics.md`, `gen-ai-token-metrics.md`). */
export const bounds: Readonly<Partial<Record<MetricName, readonly number[]>>> = {
  "gen_ai.client.inference.duration": callSeconds,
  "gen_ai.client.inference.time_to_first_chunk": [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ],
  "gen_ai.client.inference.operation.input_tokens": tokens,
  "gen_ai.client.inference.operation.output_tokens": tokens,
  "gen_ai.invoke_agent.duration": powers(0.1, 2, 13),
  "gen_ai.invoke_agent.inference_calls": powers(1, 2, 8),
  "gen_ai.invoke_agent.tool_calls": powers(1, 2, 8),
  "gen_ai.execute_tool.duration": callSeconds,
};

/** Adds a turn to the state, which is changed. */
export function addTurn(
  state: MetricState,
  { agent, seconds, errorType, costMicros, calls, tools }: TurnSamples,
): void {
  const add = (name: MetricName, attributes: Attributes, value: number) => addValue(state, { name, attributes, value });
  const ofAgent: Attributes = { "gen_ai.agent.name": agent };
  const failed = errorType === undefined ? {} : { "error.type": errorType };
  add("gen_ai.invoke_agent.duration", { ...ofAgent, ...failed }, seconds);
  add("gen_ai.invoke_agent.inference_calls", ofAgent, calls.length);
  add("gen_ai.invoke_agent.tool_calls", ofAgent, tools.length);
  add("longline.cost", ofAgent, costMicros);
  for (const call of calls) addCall(call, add);
  for (const tool of tools) {
    const type = tool.errorType === undefined ? {} : { "error.type": tool.errorType };
    const named: Attributes = { "gen_ai.tool.name": tool.name, "gen_ai.tool.type": "function", ...ofAgent, ...type };
    add("gen_ai.execute_tool.duration", named, tool.seconds);
  }
}

function addCall(
  { attributes, seconds, firstChunkSeconds, usage }: ModelCallSample,
  add: (name: MetricName, attributes: Attributes, value: number) => void,
): void {
  const prefix = "gen_ai.client.inference";
  add(`${prefix}.duration`, attributes, seconds);
  const { "error.type": _, ...plain } = attributes;
  if (firstChunkSeconds !== undefined) add(`${prefix}.time_to_first_chunk`, plain, firstChunkSeconds);
  if (usage === undefined) return;
  // Providers do not say which of them are text.
  const counted: Attributes = { ...plain, "gen_ai.token.modality": "unknown" };
  const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = usage;
  add(`${prefix}.usage.input_tokens`, counted, inputTokens + cachedTokens);
  add(`${prefix}.usage.output_tokens`, counted, outputTokens);
  add(`${prefix}.usage.cache_read.input_tokens`, counted, cachedTokens);
  add(`${prefix}.usage.reasoning.output_tokens`, counted, reasoningTokens);
  add(`${prefix}.operation.input_tokens`, plain, inputTokens + cachedTokens);
  add(`${prefix}.operation.output_tokens`, plain, outputTokens);
}

function addValue(
  { series }: MetricState,
  { name, attributes, value }: { name: MetricName; attributes: Attributes; value: number },
): void {
  const named = `${name} ${JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  const isOverflow = series[named] === undefined && Object.keys(series).length >= mostSeries;
  const key = isOverflow ? name : named;
  const limits = bounds[name];
  series[key] ??= {
    name,
    attributes: isOverflow ? {} : attributes,
    ...(isOverflow && { isOverflow }),
    count: 0,
    sum: 0,
    ...(limits && { buckets: new Array<number>(limits.length + 1).fill(0) }),
  };
  const one = series[key];
  one.count++;
  one.sum += value;
  if (limits === undefined || one.buckets === undefined) return;
  const place = limits.findIndex((bound) => value <= bound);
  const bucket = place < 0 ? limits.length : place;
  one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1;
}

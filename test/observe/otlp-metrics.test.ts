import protos from "@opentelemetry/otlp-transformer/build/src/generated/root.js";
import { expect, it } from "vitest";
import { addTurn, type MetricState, mostSeries } from "../../src/observe/metrics.ts";
import { type MetricName, metricNames, metricUnits } from "../../src/observe/names.ts";
import { otlpLogs } from "../../src/observe/otlp-json.ts";
import { otlpMetrics } from "../../src/observe/otlp-metrics.ts";
import { samplesOf } from "../../src/observe/samples.ts";
import type { TurnSamples } from "../../src/observe/telemetry.ts";
import { spanBodies } from "../../src/observe/turn-spans.ts";
import { facts, recordedTurn } from "./recorded-turn.ts";

type Json = { [name: string]: unknown };
interface Message {
  fromObject(json: Json): object;
  verify(message: object): string | null;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, how: object): Json;
}
const { collector } = (
  protos as unknown as {
    opentelemetry: {
      proto: {
        collector: {
          metrics: { v1: { ExportMetricsServiceRequest: Message } };
          logs: { v1: { ExportLogsServiceRequest: Message } };
        };
      };
    };
  }
).opentelemetry.proto;

/** In protobuf and back, by the schema that OpenTelemetry publishes. */
function through(message: Message, request: Json): Json {
  const made = message.fromObject(request);
  expect(message.verify(made)).toBeNull();
  return message.toObject(message.decode(message.encode(made).finish()), { longs: String, bytes: String });
}
const samples = (): TurnSamples => {
  const found = samplesOf(spanBodies(recordedTurn, facts));
  if (found === undefined) throw new Error("The recorded turn is open.");
  return found;
};
const stateOf = (...turns: TurnSamples[]): MetricState => {
  const state: MetricState = { sinceMs: 1_000, series: {} };
  for (const turn of turns) addTurn(state, turn);
  return state;
};
const series = (state: MetricState, name: MetricName) => Object.values(state.series).filter((one) => one.name === name);
const sum = (state: MetricState, name: MetricName) => series(state, name).reduce((all, one) => all + one.sum, 0);

it("[METRIC-1] a turn's metrics are those of its spans: each attempt a call, tokens with cached ones, cost as billed", () => {
  const state = stateOf(samples());
  expect(sum(state, "gen_ai.client.inference.usage.input_tokens")).toBe(5_300);
  expect(sum(state, "gen_ai.client.inference.usage.output_tokens")).toBe(210);
  expect(sum(state, "gen_ai.client.inference.usage.cache_read.input_tokens")).toBe(800);
  expect(sum(state, "longline.cost")).toBe(560);
  const calls = series(state, "gen_ai.client.inference.duration");
  expect(calls.reduce((all, { count }) => all + count, 0)).toBe(5);
  expect(calls.map(({ attributes }) => attributes["error.type"]).filter(Boolean)).toEqual([
    "model_unavailable",
    "crash",
  ]);
  expect(series(state, "gen_ai.invoke_agent.inference_calls")).toMatchObject([{ count: 1, sum: 5 }]);
  expect(series(state, "gen_ai.invoke_agent.tool_calls")).toMatchObject([{ count: 1, sum: 2 }]);
  expect(series(state, "gen_ai.execute_tool.duration")).toHaveLength(2);
  expect(samplesOf(spanBodies(recordedTurn.slice(0, -1), facts))).toBeUndefined();
  expect(JSON.stringify(samples())).not.toMatch(/canary|1017|customer/);
});

it("[METRIC-2] they add up over turns, and the official schema reads them back as cumulative", () => {
  const state = stateOf(samples(), samples(), samples());
  const request = otlpMetrics(state, 5_000, { "service.name": "longline", "service.instance.id": "account:a" });
  const read = through(collector.metrics.v1.ExportMetricsServiceRequest, request);
  expect(read).toEqual(request);
  const [{ scopeMetrics }] = request.resourceMetrics as [{ scopeMetrics: [{ metrics: Json[] }] }];
  for (const { name, unit, sum: total, histogram } of scopeMetrics[0].metrics) {
    expect(Object.keys(metricNames)).toContain(name);
    expect(metricUnits[name as MetricName]).toBe(unit);
    expect(metricNames[name as MetricName].kind).toBe(total === undefined ? "histogram" : "sum");
    const { dataPoints, aggregationTemporality } = (total ?? histogram) as Json & { dataPoints: Json[] };
    expect(aggregationTemporality).toBe(2);
    for (const point of dataPoints) {
      expect(point).toMatchObject({ startTimeUnixNano: "1000000000", timeUnixNano: "5000000000" });
      if (histogram === undefined) continue;
      const { count, bucketCounts, explicitBounds } = point as {
        count: string;
        bucketCounts: string[];
        explicitBounds: number[];
      };
      expect(bucketCounts).toHaveLength(explicitBounds.length + 1);
      expect(bucketCounts.reduce((all, each) => all + Number(each), 0)).toBe(Number(count));
    }
  }
});

it.each([
  [0.01, 0],
  [0.0100001, 1],
  [81.92, 13],
  [81.93, 14],
  [0, 0],
])("[METRIC-2] %d s is in bucket %i: bounds are inclusive", (seconds, bucket) => {
  const tool = { name: "t", seconds };
  const [one] = series(stateOf({ ...samples(), tools: [tool] }), "gen_ai.execute_tool.duration");
  expect(one?.buckets?.indexOf(1)).toBe(bucket);
});

it("[METRIC-3] names without end make no series without end", () => {
  const state: MetricState = { sinceMs: 0, series: {} };
  for (let n = 0; n < mostSeries + 500; n++) addTurn(state, { ...samples(), tools: [{ name: `t${n}`, seconds: 1 }] });
  expect(Object.keys(state.series).length).toBeLessThanOrEqual(mostSeries + Object.keys(metricNames).length);
  const tools = series(state, "gen_ai.execute_tool.duration");
  expect(tools.reduce((all, { count }) => all + count, 0)).toBe(mostSeries + 500);
  expect(JSON.stringify(otlpMetrics(state, 1, {}))).toContain("otel.metric.overflow");
});

it.each(["gen_ai.evaluation.result", "feature_flag.evaluation"] as const)(
  "[EXPORT-6] the official schema reads the event %s back",
  (name) => {
    const attributes =
      name === "feature_flag.evaluation"
        ? { "feature_flag.key": "support", "feature_flag.result.variant": "v_1", "feature_flag.context.id": "s" }
        : { "gen_ai.evaluation.name": "user_feedback", "gen_ai.evaluation.score.value": 1 };
    const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    const request = otlpLogs([{ name, atMs: 1, ...ids, attributes }], { "service.name": "longline" });
    const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
    const wire = JSON.parse(
      JSON.stringify(request).replace(ids.traceId, base64(ids.traceId)).replace(ids.spanId, base64(ids.spanId)),
    );
    expect(through(collector.logs.v1.ExportLogsServiceRequest, wire)).toEqual(wire);
  },
);

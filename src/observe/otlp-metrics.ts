/** Sums and histograms as an OTLP `ExportMetricsServiceRequest` in JSON (`metrics.proto`). Pure. */
import { bounds, type MetricSeries, type MetricState } from "./metrics.ts";
import { type Attributes, type MetricName, metricUnits } from "./names.ts";
import { type AnyValue, attributesJson, nanos, scope } from "./otlp-json.ts";

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` of metrics.proto. */
const cumulative = 2;

/** `atMs`: up to when the state counts, in ms since 1970. */
export function otlpMetrics(state: MetricState, atMs: number, resource: Attributes): Record<string, unknown> {
  const byName = new Map<MetricName, MetricSeries[]>();
  for (const series of Object.values(state.series))
    byName.set(series.name, [...(byName.get(series.name) ?? []), series]);
  const metrics = [...byName].map(([name, series]) => metricJson(name, series, { state, atMs }));
  return {
    resourceMetrics: [{ resource: { attributes: attributesJson(resource) }, scopeMetrics: [{ scope, metrics }] }],
  };
}

function metricJson(
  name: MetricName,
  all: readonly MetricSeries[],
  { state, atMs }: { state: MetricState; atMs: number },
): Record<string, unknown> {
  const unit = metricUnits[name];
  const limits = bounds[name];
  const times = { startTimeUnixNano: nanos(state.sinceMs), timeUnixNano: nanos(atMs) };
  if (limits === undefined) {
    const dataPoints = all.map((one) => ({
      attributes: attributesOf(one),
      ...times,
      asInt: String(Math.round(one.sum)),
    }));
    return { name, unit, sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true } };
  }
  const dataPoints = all.map((one) => ({
    attributes: attributesOf(one),
    ...times,
    count: String(one.count),
    sum: one.sum,
    bucketCounts: (one.buckets ?? []).map(String),
    explicitBounds: limits,
  }));
  return { name, unit, histogram: { dataPoints, aggregationTemporality: cumulative } };
}

function attributesOf({ attributes, isOverflow }: MetricSeries): { key: string; value: AnyValue }[] {
  if (isOverflow) return [{ key: "otel.metric.overflow", value: { boolValue: true } }];
  return attributesJson(attributes);
}

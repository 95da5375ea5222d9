/**
 * Spans as an OTLP `ExportTraceServiceRequest` in JSON: the proto3 JSON mapping of opentelemetry-proto's `trace.proto`
 * with OTLP's exceptions (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): ids are hexadecimal, enums are
 * numbers, 64-bit integers are decimal strings. Pure; knows no turn.
 */
import { type Attributes, doubles } from "./names.ts";
import type { Span } from "./span.ts";
import type { TelemetryEvent } from "./telemetry.ts";

export type AnyValue =
  | { stringValue: string }
  | { intValue: string }
  | { doubleValue: number }
  | { boolValue: boolean }
  | { arrayValue: { values: AnyValue[] } };

/** `SpanKind` and `StatusCode` of trace.proto. */
const kinds = { internal: 1, client: 3, producer: 4 } as const;
const statusError = 2;
/** `SpanFlags` of trace.proto: those of W3C Trace Context; whether the parent is remote is known; it is. */
const flags = { sampled: 0x01, random: 0x02, knowsRemote: 0x100, isRemote: 0x200 } as const;

/** Who emits it. */
export const scope = { name: "longline" } as const;

/** The whole request. `resource`: what sends it. Without spans it has no `resourceSpans`. */
export function otlpTraces(spans: readonly Span[], resource: Attributes): Record<string, unknown> {
  if (spans.length === 0) return { resourceSpans: [] };
  const scopeSpans = [{ scope, spans: spans.map(spanJson) }];
  return { resourceSpans: [{ resource: { attributes: attributesJson(resource) }, scopeSpans }] };
}

/** One span, as it is the same in every request that holds it. */
function spanJson(span: Span): Record<string, unknown> {
  const { traceId, spanId, tracestate, parentSpanId, isParentRemote, name, kind, events, links, failed } = span;
  return {
    traceId,
    spanId,
    ...(tracestate !== undefined && { traceState: tracestate }),
    ...(parentSpanId !== undefined && { parentSpanId }),
    flags:
      flags.sampled | (span.isRandom ? flags.random : 0) | flags.knowsRemote | (isParentRemote ? flags.isRemote : 0),
    name: name.toWellFormed(),
    kind: kinds[kind],
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
    attributes: attributesJson(span.attributes),
    ...(events.length > 0 && {
      events: events.map((event) => ({
        timeUnixNano: nanos(event.atMs),
        name: event.name,
        attributes: attributesJson(event.attributes),
      })),
    }),
    ...(links.length > 0 && { links: links.map(linkJson) }),
    ...(failed && { status: { ...(failed.message && { message: failed.message.toWellFormed() }), code: statusError } }),
  };
}

function linkJson({ traceId, spanId, tracestate }: Span["links"][number]): Record<string, unknown> {
  return { traceId, spanId, ...(tracestate !== undefined && { traceState: tracestate }) };
}

export function attributesJson(attributes: Attributes): { key: string; value: AnyValue }[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueJson(value, doubles.has(key)) }],
  );
}

function valueJson(value: string | number | boolean | readonly string[], isDouble: boolean): AnyValue {
  if (typeof value === "string") return { stringValue: value.toWellFormed() };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value !== "number") return { arrayValue: { values: value.map((each) => valueJson(each, false)) } };
  return isDouble ? { doubleValue: value } : { intValue: String(Math.round(value)) };
}

/** Nanoseconds as decimal digits: no double can hold them. */
export function nanos(ms: number): string {
  return `${Math.max(0, Math.floor(ms))}000000`.replace(/^0+(?=\d)/, "");
}

/** `SEVERITY_NUMBER_INFO` of logs.proto. */
const info = 9;

export function otlpLogs(events: readonly TelemetryEvent[], resource: Attributes): Record<string, unknown> {
  const logRecords = events.map(({ name, atMs, traceId, spanId, attributes }) => ({
    timeUnixNano: nanos(atMs),
    severityNumber: info,
    severityText: "INFO",
    attributes: attributesJson(attributes),
    traceId,
    spanId,
    flags: 1,
    eventName: name,
  }));
  return {
    resourceLogs: [{ resource: { attributes: attributesJson(resource) }, scopeLogs: [{ scope, logRecords }] }],
  };
}

/** Events as an OTLP `ExportLogsServiceRequest` in JSON (`logs.proto`): a log record with an event name, about a span. Pure. */
import type { Attributes } from "./names.ts";
import { attributesJson, nanos, scope } from "./otlp-json.ts";
import type { TelemetryEvent } from "./telemetry.ts";

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

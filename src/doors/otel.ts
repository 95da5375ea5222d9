/** Traces, metrics and events for an OpenTelemetry collector, as an app lists them. */
import { MetricsJob } from "../account/metrics-job.ts";
import { apiUrl, matching, type SettingValues, text } from "../core/settings.ts";
import { contentWriter } from "../observe/content.ts";
import type { Telemetry, TelemetryItem, TelemetrySource } from "../observe/telemetry.ts";
import { SessionExporter } from "../session/deliver/session-exporter.ts";
import { LogTraces } from "../session/deliver/session-traces.ts";

/** Named as OpenTelemetry names them (opentelemetry.io/docs/specs/otel/protocol/exporter). */
const settings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: apiUrl("https://otlp.example.com", ", and keys are OTEL_EXPORTER_OTLP_HEADERS"),
  },
  OTEL_EXPORTER_OTLP_HEADERS: { schema: text(headerPairs), secret: true },
  OTEL_SERVICE_NAME: { schema: matching(/^\P{C}{1,200}$/u, "must be a name of 1 to 200 characters") },
  OTEL_CAPTURE_CONTENT: { schema: matching(/^(?:true|false)$/, "must be true or false") },
} as const;

/**
 * Makes the traces of turns (`GET /v1/sessions/:id/turns/:turn/trace`), and sends `traceparent` along to MCP servers,
 * callbacks and what tools ask. Sends the spans of every turn, metrics and feedback to `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP/HTTP, JSON), with the headers
 * `OTEL_EXPORTER_OTLP_HEADERS` (`key=value,…`, values URL-encoded). Without the endpoint nothing is sent. They are made
 * from the transcript and owed in rows, so that a crash, a deploy or a collector that is down loses none. Spans hold what
 * people, models and tools wrote only with `OTEL_CAPTURE_CONTENT=true`.
 *
 * @example
 * longline({ agents, observe: otel() })
 */
export function otel(): TelemetrySource {
  return { settings, configure: (values) => telemetryOf(values as SettingValues<typeof settings>) };
}

function telemetryOf(values: SettingValues<typeof settings>): Telemetry {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers = {} } = values;
  const serviceName = values.OTEL_SERVICE_NAME ?? "longline";
  const content = values.OTEL_CAPTURE_CONTENT === "true" ? contentWriter : undefined;
  const collector = endpoint === undefined ? undefined : { endpoint, headers };
  return {
    isExported: collector !== undefined,
    session(session) {
      if (collector === undefined) return { traces: new LogTraces(session, { serviceName, content }) };
      const telemetry = new SessionExporter(session, { collector, serviceName, content });
      const owe = (item: TelemetryItem) => telemetry.owe(item);
      return { traces: new LogTraces(session, { serviceName, content, owe }), telemetry };
    },
    account: (host) => collector && new MetricsJob(host, { collector, serviceName }),
  };
}

/** `key=value` pairs as W3C Baggage writes them: separated by commas, values URL-encoded. */
function headerPairs(given: string, complain: (message: string) => void): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of given.split(",")) {
    const [, name, encoded = ""] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=(.*)$/.exec(pair) ?? [];
    const value = decoded(encoded.trim());
    if (name === undefined || value === undefined || !/^[\x20-\x7e]+$/.test(value))
      complain("must hold pairs such as authorization=Basic%20abc, separated by commas, with URL-encoded values");
    else headers[name.toLowerCase()] = value;
  }
  return headers;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

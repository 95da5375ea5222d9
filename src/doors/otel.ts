/** Traces, metrics and events for an OpenTelemetry collector, as an app lists them. */
import { MetricsJob } from "../account/metrics-job.ts";
import { apiUrl, type SettingValues, text } from "../core/settings.ts";
import type { Telemetry, TelemetrySource } from "../observe/telemetry.ts";
import { SessionExporter } from "../session/deliver/session-exporter.ts";
import { traceSettings, traceSettingsOf, traces } from "./traces.ts";

/** Named as OpenTelemetry names them (opentelemetry.io/docs/specs/otel/protocol/exporter). */
export const otelSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: apiUrl("https://otlp.example.com", ", and keys are OTEL_EXPORTER_OTLP_HEADERS"),
  },
  OTEL_EXPORTER_OTLP_HEADERS: { schema: text(headerPairs), secret: true },
  ...traceSettings,
} as const;

/**
 * Makes the traces of turns as `traces()` does, and sends them to a collector: the spans of every turn, metrics and feedback to `OTEL_EXPORTER_OTLP_ENDPOINT` (OTLP/HTTP, JSON), with the headers
 * `OTEL_EXPORTER_OTLP_HEADERS` (`key=value,…`, values URL-encoded). Without the endpoint nothing is sent. They are made
 * from the transcript and owed in rows, so that a crash, a deploy or a collector that is down loses none. Spans hold what
 * people, models and tools wrote only with `OTEL_CAPTURE_CONTENT=true`.
 *
 * @example
 * longline({ agents, observe: otel() })
 */
export function otel(): TelemetrySource {
  return { settings: otelSettings, configure: (values) => telemetryOf(values as SettingValues<typeof otelSettings>) };
}

function telemetryOf(values: SettingValues<typeof otelSettings>): Telemetry {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers = {} } = values;
  if (endpoint === undefined) return traces().configure(values);
  const settings = { collector: { endpoint, headers }, ...traceSettingsOf(values) };
  return {
    isExported: true,
    session(session) {
      const telemetry = new SessionExporter(session, settings);
      return { traces: telemetry.traces, telemetry };
    },
    account: (host) => new MetricsJob(host, settings),
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

/** The traces of turns, as an app lists them. */
import { matching, type SettingValues } from "../core/settings.ts";
import { contentWriter } from "../observe/content.ts";
import type { TelemetrySource } from "../observe/telemetry.ts";
import { LogTraces, type TraceSettings } from "../session/deliver/session-traces.ts";

/** Named as OpenTelemetry names them (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables). */
export const traceSettings = {
  OTEL_SERVICE_NAME: { schema: matching(/^\P{C}{1,200}$/u, "must be a name of 1 to 200 characters") },
  OTEL_CAPTURE_CONTENT: { schema: matching(/^(?:true|false)$/, "must be true or false") },
} as const;

/**
 * Makes the traces of turns (`GET /v1/sessions/:id/turns/:turn/trace`, and the trace view of the page), and sends
 * `traceparent` along to MCP servers, callbacks and what tools ask. They are made from the transcript when they are asked for,
 * and sent nowhere: that is `otel()`, which makes them, too. Spans hold what people, models and tools wrote only with
 * `OTEL_CAPTURE_CONTENT=true`.
 *
 * @example
 * longline({ agents, observe: traces() })
 */
export function traces(): TelemetrySource {
  return {
    settings: traceSettings,
    configure(values) {
      const settings = traceSettingsOf(values as SettingValues<typeof traceSettings>);
      return { isExported: false, session: (session) => ({ traces: new LogTraces(session, settings) }) };
    },
  };
}

/** What the settings say about spans. */
export function traceSettingsOf(values: SettingValues<typeof traceSettings>): Omit<TraceSettings, "owe"> {
  const { OTEL_SERVICE_NAME: serviceName = "longline", OTEL_CAPTURE_CONTENT: captures } = values;
  return { serviceName, content: captures === "true" ? contentWriter : undefined };
}

/** Sends one OTLP/HTTP request in JSON to a collector, once, and says what became of it (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP Response"). Keeps nothing and never tries again: its caller has the rows. */
import { readBoundedText } from "../core/read-bounded.ts";

export type Signal = "traces" | "metrics" | "logs";

export interface Collector {
  /** The base address; `/v1/traces` and the like are added. */
  endpoint: string;
  /** OtlpOutcome along, such as the collector's key. */
  headers: Readonly<Record<string, string>>;
}

/**
 * `retry`: as things are, it may be taken later. `refused`: the collector does not take such requests, until an operator
 * changes something there or here. `invalid`: it never takes this one. `too_large`: it may take a smaller one.
 */
export type OtlpOutcome =
  | { kind: "taken"; rejected: number }
  | { kind: "retry" | "refused" | "invalid" | "too_large"; error: string; afterMs?: number };

/** As long as the SDKs wait (OTEL_EXPORTER_OTLP_TIMEOUT). */
const timeoutMs = 10_000;
/** Of an answer; only the number of what was rejected is looked for in it. */
const mostAnswerBytes = 16_384;

/** Never rejects. The error's words hold no header and nothing of what the collector wrote. */
export async function sendOtlp({ endpoint, headers }: Collector, signal: Signal, body: string): Promise<OtlpOutcome> {
  const answer = await fetch(`${endpoint}/v1/${signal}`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "user-agent": "Longline" },
    body,
    // Where a redirect leads, the collector's key must not go.
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => undefined);
  if (answer === undefined) return { kind: "retry", error: "The collector did not answer." };
  if (answer.ok) return { kind: "taken", rejected: await rejectedIn(answer) };
  await answer.body?.cancel().catch(() => {});
  const error = `The collector answered ${answer.status} to ${signal}.`;
  const afterMs = retryAfterMs(answer.headers.get("Retry-After"), Date.now());
  return { kind: kindOf(answer.status), error, ...(afterMs !== undefined && { afterMs }) };
}

/** The specification's table of retryable statuses is 429, 502, 503 and 504; 408 and 500 are what proxies before a collector say of themselves. */
function kindOf(status: number): "retry" | "refused" | "invalid" | "too_large" {
  if ([408, 429, 500, 502, 503, 504].includes(status)) return "retry";
  if (status === 413) return "too_large";
  return status === 400 ? "invalid" : "refused";
}

/** How many spans, points or records a collector took the request without (`partial_success`). */
async function rejectedIn(answer: Response): Promise<number> {
  try {
    const { text } = await readBoundedText(answer.body, mostAnswerBytes);
    const { partialSuccess = {} } = JSON.parse(text || "{}") as { partialSuccess?: Record<string, unknown> };
    const { rejectedSpans, rejectedDataPoints, rejectedLogRecords } = partialSuccess;
    const count = Number(rejectedSpans ?? rejectedDataPoints ?? rejectedLogRecords ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    // It took it; how it says so is its own affair.
    return 0;
  }
}

/** Ms that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3); an hour at most. */
function retryAfterMs(retryAfter: string | null, nowMs: number): number | undefined {
  if (retryAfter === null) return undefined;
  const ms = /^\s*\d{1,9}\s*$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Date.parse(retryAfter) - nowMs;
  return ms > 0 ? Math.min(ms, 3_600_000) : undefined;
}

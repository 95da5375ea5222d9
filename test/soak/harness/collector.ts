/** The harness's OpenTelemetry collector: keeps every span in the bytes it came in, and fails now and then, also after it took something. */
import type { ServerResponse } from "node:http";
import { randomOf } from "../../support/random.ts";

export interface ReceivedSpan {
  spanId: string;
  parentSpanId?: string;
  traceId: string;
}

export class Collector {
  /** Each way in which a span came, by its id. */
  readonly spans = new Map<string, Set<string>>();
  requests = 0;
  failed = 0;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed + 20);
  }

  answer(path: string, body: string, response: ServerResponse): void {
    this.requests++;
    const chance = this.#random();
    if (chance < 0.1) {
      this.failed++;
      response.writeHead(503).end();
      return;
    }
    if (path.endsWith("/v1/traces")) this.#take(body);
    // Taken, and not confirmed: it comes again.
    if (chance < 0.2) response.destroy();
    else response.end("{}");
  }

  #take(body: string): void {
    for (const span of spansOf(body)) {
      const known = this.spans.get(span.spanId) ?? new Set();
      this.spans.set(span.spanId, known.add(JSON.stringify(span)));
    }
  }
}

/** Of an OTLP request for traces. */
export function spansOf(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

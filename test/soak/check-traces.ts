/** Judges what the collector got against the traces that the Worker made of its logs: none is missing, none came in two ways, every parent is there. Pure. */
import type { Violation } from "./check.ts";
import type { Collector } from "./harness/collector.ts";
import type { SessionLog } from "./session-log.ts";

export function checkTraces({ session, traces }: SessionLog, collector: Pick<Collector, "spans">): Violation[] {
  return traces.flatMap(({ turn, spans }) => {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const faults = spans.flatMap((span) => {
      const { spanId, parentSpanId } = span;
      const came = [...(collector.spans.get(spanId) ?? [])];
      return [
        ...(parentSpanId !== undefined && !ids.has(parentSpanId) ? [`the parent ${parentSpanId} is no span`] : []),
        ...(came.length === 0 ? [`the span ${spanId} was never sent`] : []),
        ...(came.length > 1 ? [`the span ${spanId} came in ${came.length} ways`] : []),
        ...(came.length === 1 && came[0] !== JSON.stringify(span) ? [`the span ${spanId} is not as it was sent`] : []),
      ];
    });
    return faults.map((detail) => ({ rule: "EXPORT-2", session, detail: `${turn}: ${detail}` }));
  });
}

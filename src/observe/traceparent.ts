/** The W3C `traceparent` header (w3.org/TR/trace-context, section 3.2): reads it strictly, and writes it. A malformed one is ignored, never repaired: the trace begins here then. Pure. */

/** The span of the caller. `traceId`: 32 lower-case hexadecimal digits, `spanId`: 16. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  /** Whether the caller records its own spans. Longline records its own in any case, and passes the flag on. */
  isSampled: boolean;
}

/**
 * The caller's span; `undefined` for a header that is absent or malformed. Upper-case digits, ids of zeros and version
 * `ff` are malformed. A version that is not known may have more after the flags, following a dash; version `00` may not.
 */
export function parseTraceparent(header: string | null | undefined): TraceParent | undefined {
  const found = /^[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^\s,]*)?[ \t]*$/.exec(header ?? "");
  if (found === null) return undefined;
  const [, version = "", traceId = "", spanId = "", flags = "", more] = found;
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header of version 00 for a span: what is stored and what is sent on. */
export function traceparentOf({ traceId, spanId, isSampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/**
 * The headers of W3C Trace Context, level 2 (w3.org/TR/trace-context-2): reads them strictly, and writes them. A malformed one is
 * ignored, never repaired: a trace begins here then, or the other systems' notes about it are left out. Pure.
 */

/** The span of the caller. `traceId`: 32 lower-case hexadecimal digits, `spanId`: 16. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  /** Bit 1: the caller may have recorded its own spans. Bit 2: the id of the trace is random. Longline records its spans in any case, and passes both on. */
  flags: number;
}

/** What goes out for a span, and what is stored of the caller's. */
export interface TraceHeaders {
  traceparent: string;
  /** What other tracing systems have noted about the trace. */
  tracestate?: string;
}

/** The flags that level 2 defines; "Other Flags" must be sent as zero. */
const knownFlags = 0b11;

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
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & knownFlags };
}

/** The header of version 00 for a span: what is stored and what is sent on. */
export function traceparentOf({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-0${flags}`;
}

/** Most members, and most characters that are passed on: as many as every system has to. */
const mostMembers = 32;
const mostChars = 512;
/** A longer member is the first to go. */
const longMember = 128;
const memberForm = /^([a-z0-9][a-z0-9_*/@-]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The members in their order, without blanks between them; `undefined` where there is none, and for a header that is malformed: one
 * wrong member, a key that is there twice, or more than 32. Of more than 512 characters whole members are left out: first those
 * longer than 128, then the last ones ("tracestate Limits").
 */
export function parseTracestate(header: string | null | undefined): string | undefined {
  const members = (header ?? "")
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  const keys = new Set(members.map((member) => memberForm.exec(member)?.[1]));
  if (members.length === 0 || members.length > mostMembers || keys.has(undefined) || keys.size < members.length)
    return undefined;
  const isTooLong = () => members.join().length > mostChars;
  for (let at = members.length - 1; at >= 0 && isTooLong(); at--)
    if ((members[at] ?? "").length > longMember) members.splice(at, 1);
  while (isTooLong()) members.pop();
  return members.length === 0 ? undefined : members.join();
}

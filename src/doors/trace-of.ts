/** The caller's span, from the headers of a request that brings a message. */
import { defined } from "../core/defined.ts";
import { parseTraceparent, parseTracestate, type TraceHeaders, traceparentOf } from "../observe/traceparent.ts";
import type { RequestContext } from "./caller.ts";

/** What is stored with the message: the parent of its turn. Empty where `traceparent` is absent or malformed: `tracestate` is read with it alone. */
export function traceOf({ request }: Pick<RequestContext, "request">): Partial<TraceHeaders> {
  const parent = parseTraceparent(request.headers.get("traceparent"));
  if (parent === undefined) return {};
  const tracestate = parseTracestate(request.headers.get("tracestate"));
  return { traceparent: traceparentOf(parent), ...defined({ tracestate }) };
}

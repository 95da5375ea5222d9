/** The caller's span, from the headers of a request that brings a message. */
import { parseTraceparent, traceparentOf } from "../observe/traceparent.ts";
import type { RequestContext } from "./caller.ts";

/** What is stored with the message: the parent of its turn. Empty where the header is absent or malformed. */
export function traceOf({ request }: Pick<RequestContext, "request">): { traceparent?: string } {
  const parent = parseTraceparent(request.headers.get("traceparent"));
  return parent === undefined ? {} : { traceparent: traceparentOf(parent) };
}

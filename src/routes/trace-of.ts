/** The caller's span, from the headers of a request that brings a message. */
import type { Context } from "hono";
import { parseTraceparent, traceparentOf } from "../observe/traceparent.ts";
import type { RouteContext } from "./context.ts";

/** What is stored with the message: the parent of its turn. Empty where the header is absent or malformed. */
export function traceOf(c: Context<RouteContext>): { traceparent?: string } {
  const parent = parseTraceparent(c.req.header("traceparent"));
  return parent === undefined ? {} : { traceparent: traceparentOf(parent) };
}

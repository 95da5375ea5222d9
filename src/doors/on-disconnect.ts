/** What a client's hang-up means to the turn that it reads: nothing, or that it is to stop. `X-On-Disconnect: stop` or `continue` says it; without the header a turn stops that no one can find again. */
import type { Context } from "hono";
import { mustMay } from "../account/access.ts";
import { AppError } from "../core/errors.ts";
import { sessionObject } from "../session/session-object.ts";
import type { AnswerPlace } from "../wire/answer-id.ts";
import type { RouteContext } from "./context.ts";

/** Whether the turn stops. Throws `forbidden` for a token that may not cancel. */
export function stopsOnDisconnect(c: Context<RouteContext>, session: string, byDefault = false): boolean {
  const wish = wishOf(c.req.header("X-On-Disconnect"));
  // What has a key is found again by the same request.
  if (wish === undefined) return byDefault && c.req.header("Idempotency-Key") === undefined;
  if (wish === "stop") mustMay(c.var.caller, session, "cancel");
  return wish === "stop";
}

/** What the header says; `undefined` without one. Throws `invalid_request` for another value. */
export function wishOf(header: string | undefined): "stop" | "continue" | undefined {
  const wish = header?.trim().toLowerCase();
  if (wish === undefined || wish === "stop" || wish === "continue") return wish;
  const detail = 'X-On-Disconnect must be "stop" or "continue".';
  throw new AppError("invalid_request", detail, { field: "X-On-Disconnect" });
}

/** For the address that a session is asked at for its stream. */
export function hangUpQuery(stops: boolean): string {
  return stops ? "&hang_up=stop" : "";
}

/** Waits for an answer that does not stream, and stops its turn when the client hangs up meanwhile. */
export async function stoppingOnDisconnect<T>(
  c: Context<RouteContext>,
  { session, turn }: AnswerPlace,
  wait: () => Promise<T>,
): Promise<T> {
  const { signal } = c.req.raw;
  const stop = () => {
    const cancelled = sessionObject(c.env, { account: c.var.account, name: session }).cancel(turn);
    c.executionCtx.waitUntil(Promise.resolve(cancelled));
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await wait();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

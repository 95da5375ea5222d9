/** Asks the account whether it may send one more message. */
import type { Context } from "hono";
import { accountObject } from "../account/account.ts";
import { AppError } from "../core/errors.ts";
import type { RouteContext } from "./context.ts";

/** An account with a rate is asked before each message; throws `rate_limited`. */
export async function mustAdmit(c: Context<RouteContext>): Promise<void> {
  if (c.var.limits.ratePerMinute === undefined) return;
  const retryAfterSeconds = await accountObject(c.env, c.var.account).admit(Date.now(), callId());
  if (retryAfterSeconds === 0) return;
  const detail = `The account may send ${c.var.limits.ratePerMinute} messages a minute. Wait ${retryAfterSeconds} s.`;
  throw new AppError("rate_limited", detail, { retryAfterSeconds });
}

/** Names a call that is counted, so that it counts once when it has to be made again. */
export function callId(): number {
  return Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}

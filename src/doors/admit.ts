/** Asks the account whether it may send one more message. */
import { accountObject } from "../account/account.ts";
import { AppError } from "../core/errors.ts";
import type { Caller } from "./caller.ts";

/** An account with a rate is asked before each message; throws `rate_limited`. */
export async function mustAdmit(caller: Caller): Promise<void> {
  if (caller.limits.ratePerMinute === undefined) return;
  const retryAfterSeconds = await accountObject(caller.bindings, caller.account).admit(Date.now(), callId());
  if (retryAfterSeconds === 0) return;
  const detail = `The account may send ${caller.limits.ratePerMinute} messages a minute. Wait ${retryAfterSeconds} s.`;
  throw new AppError("rate_limited", detail, { retryAfterSeconds });
}

/** Names a call that is counted, so that it counts once when it has to be made again. */
export function callId(): number {
  return Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}

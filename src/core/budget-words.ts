/** Words the reason why an account's budget allows no further model call: what the call may cost, what is left, and what to do. Pure. */
import type { Failure } from "./errors.ts";
import { type ModelPlace, worded } from "./failure-words.ts";

/** Money that is missing for a model call, in micro-dollars. */
export interface MissingMoney {
  /** What the call may cost at most. */
  neededMicros: number;
  /** What is left of the budget beside what running calls may cost. */
  leftMicros: number;
  budgetMicros: number;
  /** When a budget of each month begins anew, in ms since 1970; absent from one that is for all time. */
  resetsAtMs?: number;
}

/** The model's price is not known, so that no budget can pay it. */
export interface UnknownPrice {
  unpriced: ModelPlace;
}

/** Why a budget does not allow a model call. */
export type Shortage = MissingMoney | UnknownPrice;

/** `detail` is for people: both numbers in dollars, and in the unit of `budget_micros`. */
export function shortageFailure(of: Shortage | undefined, what = "The next model call"): Failure {
  const code = "budget_exhausted";
  if (of === undefined) {
    const detail = "The account's budget does not allow another model call. Raise its budget_micros through /v1/admin.";
    return { code, detail, retryable: false };
  }
  if ("unpriced" in of) return worded({ code, cause: "no_price", detail: "", retryable: false }, of.unpriced);
  const { neededMicros, leftMicros, budgetMicros, resetsAtMs } = of;
  const enough = budgetMicros - leftMicros + neededMicros;
  const happened = `${what} may cost up to ${money(neededMicros)}, and ${money(leftMicros)} is left of the account's budget.`;
  const anew = resetsAtMs === undefined ? "" : ` The budget begins anew on ${dayOf(resetsAtMs)} (UTC).`;
  const todo = `Send a shorter message or begin a new session, or raise the account's budget_micros to ${enough} or more through /v1/admin.`;
  return { code, detail: `${happened}${anew} ${todo}`, retryable: false };
}

/** `$0.000026 (26 micro-dollars)`. */
function money(micros: number): string {
  const dollars = (micros / 1_000_000).toFixed(6).replace(/(\.\d\d\d*?)0+$/, "$1");
  return `$${dollars} (${micros} micro-dollars)`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

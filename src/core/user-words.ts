/**
 * Says to the person who wrote the message why there is no answer: one sentence, and what they can do. They run nothing
 * here: no settings, figures, models or hosts are named. Those are in the failure's `detail`, which is for the operator. Pure.
 */
import type { AppErrorCode, Failure, FailureCause, FailureCode } from "./errors.ts";

const later = "The assistant cannot answer right now; please try again in a few minutes.";
const tooMany = "Too many messages are being answered right now; please try again in a minute.";
const again = "The answer broke off; please send the message again.";
const ours = "Something went wrong here; please send the message again.";
const setup = "The assistant cannot answer right now; please ask the people who run it to look into it.";
const tooLong = "This conversation has become too long; please begin a new one.";
const otherWords = "The assistant could not answer this; please put it in other words.";

const byCode: Record<FailureCode, string> = {
  model_unreachable: later,
  model_unavailable: later,
  model_rate_limited: tooMany,
  model_malformed: again,
  model_truncated: again,
  model_stalled: again,
  model_empty: again,
  model_no_call: again,
  model_auth: setup,
  model_payment: setup,
  model_refused: setup,
  model_not_found: setup,
  model_reasoning_rule: setup,
  prefix_missing: setup,
  no_such_agent: "The assistant of this conversation is not there any more; please begin a new one.",
  model_looping:
    "The assistant made the same step again and again, so it was stopped; please put the message in other words.",
  context_overflow: tooLong,
  turn_timeout: "The answer took too long, so it was stopped; please send a message to go on.",
  output_invalid: again,
  content_filter: otherWords,
  budget_exhausted: "The assistant has used up what it may spend; please ask the people who run it for more.",
  internal: ours,
};

const byCause: Partial<Record<FailureCause, string>> = {
  tokens_per_minute: tooLong,
  not_allowed: setup,
  no_price: setup,
  address: setup,
};

/** What the holder of a session's token reads where a request is refused by no fault of the request; `internal` is a fault of ours. */
export const refusalWords: Partial<Record<AppErrorCode | "internal", string>> = {
  rate_limited: tooMany,
  queue_full: tooMany,
  not_configured: setup,
  storage_full: tooLong,
  unavailable: later,
  internal: ours,
};

/** The sentence. Without a failure it is a fault of ours: entries of earlier versions do not say what failed. */
export function userWords(failure: Pick<Failure, "code" | "cause"> | undefined): string {
  if (failure === undefined) return ours;
  return (failure.cause && byCause[failure.cause]) ?? byCode[failure.code];
}

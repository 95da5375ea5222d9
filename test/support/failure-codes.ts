/** All codes and causes of failures. */
import type { FailureCause, FailureCode } from "../../src/core/errors.ts";

/** Every code and every cause, so that a new one without words does not compile. */
export const codes: Record<FailureCode, true> = {
  model_unreachable: true,
  model_auth: true,
  model_payment: true,
  model_refused: true,
  model_not_found: true,
  model_rate_limited: true,
  model_unavailable: true,
  model_malformed: true,
  model_truncated: true,
  model_stalled: true,
  model_empty: true,
  model_reasoning_rule: true,
  model_looping: true,
  model_no_call: true,
  context_overflow: true,
  turn_timeout: true,
  prefix_missing: true,
  no_such_agent: true,
  output_invalid: true,
  content_filter: true,
  budget_exhausted: true,
  internal: true,
};
export const causes: Record<FailureCause, FailureCode> = {
  address: "model_refused",
  answer: "content_filter",
  not_allowed: "model_refused",
  no_price: "budget_exhausted",
  unclear: "model_refused",
  tokens_per_minute: "model_rate_limited",
  interrupted: "internal",
  crash: "model_truncated",
  summary_calls: "model_empty",
  summary_length: "model_empty",
  summary_reasoning: "model_empty",
  summary_empty: "model_empty",
};

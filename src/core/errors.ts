/** The closed sets of what can go wrong: a wrong request (`AppError`, mapped to a status only in `http/problem.ts`) and a world that failed (`Failure`, data in the log). */

export type AppErrorCode =
  | "invalid_request"
  | "unauthorized"
  | "forbidden"
  /** It was sent to a host name that this Worker does not answer to. */
  | "misdirected"
  | "not_configured"
  | "not_found"
  | "model_not_found"
  /** OpenAI's own code: clients begin the conversation anew by it (CLIProxyAPI#2954, codex-lb#1817). */
  | "previous_response_not_found"
  /** The app has no agent of that name, or not any more. */
  | "no_such_agent"
  /** The turn waits for a person, and this caller's protocol has no other way to report that. */
  | "approval_required"
  | "method_not_allowed"
  | "not_acceptable"
  | "conflict"
  /** It came too late: what it was for is over. */
  | "gone"
  | "session_busy"
  | "payload_too_large"
  | "unsupported_media_type"
  | "idempotency_mismatch"
  | "queue_full"
  | "rate_limited"
  /** One of our databases is full: nothing of the request was stored. */
  | "storage_full"
  /** A part of our own platform cannot be reached now. */
  | "unavailable";

export interface AppErrorFacts {
  field?: string | undefined;
  retryAfterSeconds?: number;
  title?: string;
}

/** The request is wrong. `message` says what the reader can do and names the field; `field` is its dotted path. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  readonly field: string | undefined;
  /** Seconds until a retry makes sense (429 and 503 only). */
  readonly retryAfterSeconds: number | undefined;
  /** The problem in a few words, where those of the code would mislead the reader. */
  readonly title: string | undefined;

  constructor(code: AppErrorCode, message: string, extra: AppErrorFacts = {}) {
    super(message);
    this.name = "AppError";
    this.code = code;
    this.field = extra.field;
    this.title = extra.title;
    this.retryAfterSeconds = extra.retryAfterSeconds;
  }
}

export type FailureCode =
  | "model_unreachable"
  | "model_auth"
  | "model_payment"
  | "model_refused"
  | "model_not_found"
  | "model_rate_limited"
  | "model_unavailable"
  | "model_malformed"
  | "model_truncated"
  | "model_stalled"
  | "model_empty"
  /** The provider's rule on earlier reasoning is the other way round: the same request can succeed with it, or without. */
  | "model_reasoning_rule"
  | "model_looping"
  /** The model ended to call a tool, and no call came. */
  | "model_no_call"
  /** The request is longer than the model's window. */
  | "context_overflow"
  | "turn_timeout"
  | "prefix_missing"
  /** The app does not have the session's agent any more. */
  | "no_such_agent"
  | "output_invalid"
  | "content_filter"
  /** The account's budget does not allow the next model call. */
  | "budget_exhausted"
  | "internal";

/** What distinguishes failures of one code, where they are worded differently. */
export type FailureCause =
  /** No model API is at the address. */
  | "address"
  /** The account may not use the model, which was not called. */
  | "not_allowed"
  /** The account has a budget, and the price of the model is not known, so it was not called. */
  | "no_price"
  /** The host refused the request in words that are not known: it may be too long. */
  | "unclear"
  /** One request has more tokens than the host allows in a minute. */
  | "tokens_per_minute"
  /** The host's filter stopped an answer, and not the request. */
  | "answer"
  /** Crashes cut the call off again and again. */
  | "interrupted"
  /** A restart of the instance cut the call off. */
  | "crash"
  /** What came in place of a summary of the conversation. */
  | "summary_calls"
  | "summary_length"
  | "summary_reasoning"
  | "summary_empty";

/** The world failed. Stored in the log. */
export interface Failure {
  code: FailureCode;
  cause?: FailureCause;
  /** For people: what happened in one sentence, naming model and host, and what to do in a second (`core/failure-words.ts`). Never the host's own text. */
  detail: string;
  /** What the host sent, on one line of at most 500 characters and without keys: for the log and for `step_failed`, never for a chat. */
  raw?: string;
  /** Whether the same request may succeed later. */
  retryable: boolean;
  /** How long the provider requires us to wait before the next request, in ms. */
  retryAfterMs?: number;
  /** How the same request is to be written for this host, where its refusal says so. */
  change?: RequestChange;
}

/**
 * Another way to write requests: `drop:<parameter>` leaves it out, `role:<role>` is the role of the instructions,
 * `ids:<rule>` and `order:<rule>` are those of the profile, `max_tokens:<n>` and `window:<n>` are limits that the host
 * has, `reasoning:` says whether earlier reasoning goes back (`other`: not as now).
 */
export type RequestChange =
  | `drop:${string}`
  | "max_tokens_field:max_completion_tokens"
  | "max_tokens_field:max_tokens"
  | `role:${"developer" | "user"}`
  | `ids:${"words" | "alnum9"}`
  | `order:${"bridged" | "alternating"}`
  | `max_tokens:${number}`
  | `window:${number}`
  | `reasoning:${"replay" | "strip" | "other"}`;

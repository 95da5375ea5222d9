/** How a turn that failed is told to OpenAI's clients. Pure. */
import type { Failure } from "../core/errors.ts";
import type { SessionEvent } from "../core/event.ts";

/** The error object in a body or a stream. */
export interface OpenAiError {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** `status`: for an answer that has not begun yet. */
export interface OpenAiFailure {
  status: number;
  error: OpenAiError;
}

/** What went wrong with the turn; `undefined` when nothing did. */
export function failureOf(ended: Extract<SessionEvent, { type: "turn.ended" }>): OpenAiFailure | undefined {
  if (ended.failure !== undefined) return openAiFailure(ended.failure);
  if (ended.reason !== "budget_exhausted") return undefined;
  const message = "The account's budget does not allow another model call. Raise it, or wait until it is renewed.";
  return { status: 429, error: { message, type: "insufficient_quota", param: null, code: "insufficient_quota" } };
}

function openAiFailure({ code, detail, retryable }: Failure): OpenAiFailure {
  const of = (status: number, type: string, name: string = code) => {
    return { status, error: { message: detail, type, param: null, code: name } };
  };
  switch (code) {
    case "context_overflow":
      return of(400, "invalid_request_error", "context_length_exceeded");
    case "content_filter":
      return of(400, "invalid_request_error", "content_filter");
    case "model_rate_limited":
      return of(429, "rate_limit_error", "rate_limit_exceeded");
    case "turn_timeout":
      return of(504, "server_error");
    default:
      return of(retryable ? 503 : 502, "server_error");
  }
}

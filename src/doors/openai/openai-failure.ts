/** How a turn that failed is shown to OpenAI's clients. Pure. */
import { shortageFailure } from "../../core/budget-words.ts";
import type { Failure } from "../../core/errors.ts";
import type { SessionEvent } from "../../core/event.ts";

/** The error object in a body or a stream. */
export interface OpenAiError {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** Whether a filter stopped the answer. OpenAI has a finish reason for that, and an error only for a request that a filter refuses. */
export function isFiltered({ failure }: Pick<Extract<SessionEvent, { type: "turn.ended" }>, "failure">): boolean {
  return failure?.code === "content_filter" && failure.cause === "answer";
}

/** `status`: for an answer that has not begun yet. */
export interface OpenAiFailure {
  status: number;
  error: OpenAiError;
}

/** What went wrong with the turn; `undefined` when nothing did. */
export function failureOf(ended: Extract<SessionEvent, { type: "turn.ended" }>): OpenAiFailure | undefined {
  if (isFiltered(ended)) return undefined;
  const { failure, reason } = ended;
  // Entries of earlier versions do not say what was missing.
  if (failure === undefined)
    return reason === "budget_exhausted" ? openAiFailure(shortageFailure(undefined)) : undefined;
  return openAiFailure(failure);
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
    case "budget_exhausted":
      return of(429, "insufficient_quota", "insufficient_quota");
    case "turn_timeout":
      return of(504, "server_error");
    default:
      return of(retryable ? 503 : 502, "server_error");
  }
}

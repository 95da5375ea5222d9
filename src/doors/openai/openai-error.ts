/** Errors as OpenAI's clients read them: `{error: {message, type, param, code}}`. */
import { AppError, type AppErrorCode } from "../../core/errors.ts";
import type { TurnRest } from "../../core/tool-steps.ts";
import { ourFault, statusOf } from "../../http/problem.ts";

/** The codes that OpenAI's clients know by name; the others keep our own. */
const codes: Partial<Record<AppErrorCode, string>> = {
  unauthorized: "invalid_api_key",
  rate_limited: "rate_limit_exceeded",
  queue_full: "rate_limit_exceeded",
};

/** The response to a request that failed with `error`. Logs the error when the fault is ours. */
export function openAiErrorResponse(error: unknown): Response {
  if (!(error instanceof AppError)) {
    console.error("request failed by a fault of ours", error);
    return respond(500, { message: ourFault, type: "server_error", param: null, code: "internal" });
  }
  const { code, message, field, retryAfterSeconds } = error;
  const status = statusOf(code);
  const type = status === 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error";
  const response = respond(status, { message, type, param: field || null, code: codes[code] ?? code });
  if (retryAfterSeconds !== undefined) response.headers.set("Retry-After", String(retryAfterSeconds));
  // Their clients try a 409 and a 507 again by themselves; here it will not go away by itself.
  if (status === 409 || status === 507) response.headers.set("X-Should-Retry", "false");
  return response;
}

/** The response to a request whose turn failed: it is recorded, so sending the request again would be another turn. */
export function failedTurn({ status, error }: { status: number; error: ErrorBody }): Response {
  const response = respond(status, error);
  response.headers.set("X-Should-Retry", "false");
  return response;
}

/** Where an answer is read whose client did not stay. */
export function goesOn(path: string): string {
  return `The answer is not there yet. Read it at GET ${path}, or stream it.`;
}

/** The same as a refusal, for `failedTurn`. `rest`: because tools wait. */
export function notYet(path: string, rest: TurnRest | undefined): { status: number; error: ErrorBody } {
  const error = { message: goesOn(path), type: "server_error", param: null, code: "timeout" };
  if (rest === undefined) return { status: 504, error };
  return { status: 409, error: { ...error, message: `${rest.words} ${error.message}`, code: "tool_waiting" } };
}

interface ErrorBody {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** A response with that error. */
function respond(status: number, error: ErrorBody): Response {
  return new Response(JSON.stringify({ error }), {
    status,
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
  });
}

/** The one place that knows HTTP statuses of errors: an AppError becomes `application/problem+json` (RFC 9457), anything else a 500 without details, whose cause is logged. */

import { defined } from "../core/defined.ts";
import { AppError, type AppErrorCode } from "../core/errors.ts";
import { refusalWords } from "../core/user-words.ts";
import type { ProblemJson } from "./problem-shape.ts";

const problems: Record<AppErrorCode, { status: number; title: string }> = {
  invalid_request: { status: 400, title: "The request is not valid" },
  unauthorized: { status: 401, title: "A valid API key is needed" },
  forbidden: { status: 403, title: "Not allowed with this token" },
  misdirected: { status: 421, title: "Not a host of this Worker" },
  not_found: { status: 404, title: "Not found" },
  model_not_found: { status: 404, title: "There is no such model" },
  previous_response_not_found: { status: 400, title: "Not found" },
  no_such_agent: { status: 404, title: "There is no such agent" },
  approval_required: { status: 409, title: "A call waits for approval" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  not_acceptable: { status: 406, title: "Not acceptable" },
  conflict: { status: 409, title: "Conflict" },
  gone: { status: 410, title: "Too late" },
  session_busy: { status: 409, title: "The session is busy" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used with another body" },
  queue_full: { status: 429, title: "Too many messages are waiting" },
  rate_limited: { status: 429, title: "Too many requests" },
  storage_full: { status: 507, title: "The storage is full" },
  unavailable: { status: 503, title: "Not available at the moment" },
  not_configured: { status: 503, title: "This Worker is not configured yet" },
};

/** The HTTP status of an error. */
export function statusOf(code: AppErrorCode): number {
  return problems[code].status;
}

/** What a caller reads of an error that is none of theirs. */
export const ourFault = "Longline failed while it worked on this request. The cause is in the Worker's log.";

/** The response to a request that failed with `error`. Logs the error when the fault is ours. */
export function problemResponse(error: unknown): Response {
  if (error instanceof AppError) return respond(error);
  console.error("request failed by a fault of ours", error);
  return problem(500, { title: "Internal error", code: "internal", detail: ourFault });
}

/** The response for the holder of a session's token: an error that the request did not cause is described in words for people, without the details for operators. Other errors stay as they are. */
export async function problemForPeople(response: Response): Promise<Response> {
  if (response.status < 429 || !/json/.test(response.headers.get("Content-Type") ?? "")) return response;
  const body = (await response.clone().json()) as { code?: keyof typeof refusalWords };
  const detail = refusalWords[body.code ?? "internal"];
  return detail === undefined ? response : new Response(JSON.stringify({ ...body, detail }), response);
}

function respond(error: AppError): Response {
  const { code, message, field, retryAfterSeconds } = error;
  const { status, title: usual } = problems[code];
  const title = error.title ?? usual;
  const response = problem(status, { title, code, detail: message, ...defined({ field }) });
  // A caller that signs its requests has no bearer to send.
  if (status === 401 && error.title === undefined) response.headers.set("WWW-Authenticate", 'Bearer realm="longline"');
  if (retryAfterSeconds !== undefined) response.headers.set("Retry-After", String(retryAfterSeconds));
  return response;
}

function problem(status: number, members: Omit<ProblemJson, "type" | "status">): Response {
  const body: ProblemJson = { type: "about:blank", status, ...members };
  const headers = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
  return new Response(JSON.stringify(body), { status, headers });
}

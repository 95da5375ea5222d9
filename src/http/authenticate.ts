/** Reads the bearer of a request, or the token in its URL, and compares it with the Worker's own key. Missing and wrong keys get the same answer. */
import { AppError } from "../core/errors.ts";

/** Who may call; `closed` until a key is set. */
export type AuthSettings = { kind: "key" | "dev"; apiKey: string } | { kind: "closed" };

/** The key or token in `Authorization: Bearer <key>`. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
}

/** The `token` in the URL of an event stream that is read without an `Authorization` header: browsers' EventSource can send none. Other paths have no such parameter. */
export function urlTokenOf(request: Request): string | undefined {
  if (request.method !== "GET" || request.headers.has("Authorization")) return undefined;
  const { pathname, searchParams } = new URL(request.url);
  return /^\/v1\/sessions\/[^/]+\/events$/.test(pathname) ? (searchParams.get("token") ?? undefined) : undefined;
}

/** Whether the request comes with what looks like a session's token, and so perhaps from a browser. */
export function holdsToken(request: Request): boolean {
  return (bearerOf(request) ?? urlTokenOf(request) ?? "").startsWith("lt_");
}

export function unauthorized(): AppError {
  return new AppError("unauthorized", "Send a valid key in the header: Authorization: Bearer <key>.");
}

export function notConfigured(): AppError {
  const detail =
    "No API_KEY is set, so every request is refused. Set one: npx wrangler secret put API_KEY (and MODEL_API_KEY for the model).";
  return new AppError("not_configured", detail);
}

/** Whether this is the key that the Worker was given. The time depends on the length of the bearer alone, so it shows nothing of the key. Not by digests: two would cost a request more than all its other checks. */
export function isOwnKey(bearer: string, { apiKey }: { apiKey: string }): boolean {
  let difference = bearer.length ^ apiKey.length;
  // Neither a branch nor the number of rounds depends on the key.
  for (let i = 0; i < bearer.length; i++) difference |= bearer.charCodeAt(i) ^ apiKey.charCodeAt(i % apiKey.length);
  return difference === 0;
}

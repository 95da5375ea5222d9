/** The public API as the page calls it, with the key that the person gave. Throws `ApiError` with the server's own words; stores only the key. */
import { curl } from "./curl.ts";

const keyName = "longline-key";

/** Sent to the window when the server did not take the key. */
export const keyRefused = "longline-key-refused";

/** A refusal: `detail` is fit to be shown. `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** The field of the request that is wrong, where the server named one. */
  readonly field: string | undefined;

  constructor(status: number, code: string, detail: string, field?: string) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** The key of this browser; on a development server the one that it accepts anyway. */
export function apiKey(): string {
  const given = document.querySelector<HTMLMetaElement>('meta[name="longline-dev-key"]')?.content;
  return localStorage.getItem(keyName) ?? given ?? "";
}

/** The text in place of the key: it is never written out, except the one that every development server accepts. */
export function shownKey(): string {
  return apiKey() === "dev-key" ? "dev-key" : "$LONGLINE_KEY";
}

/** A POST to this Worker as a command for a shell. */
export function curlOf({ path, body }: { path: string; body: unknown }): string {
  return curl({ url: `${location.origin}${path}`, key: shownKey(), body });
}

/** Whether this browser has a session's token in the key's place: it opens one session, and shows nothing that is for operators. */
export function holdsToken(): boolean {
  return apiKey().startsWith("lt_");
}

export function keepApiKey(key: string): void {
  if (key === "") localStorage.removeItem(keyName);
  else localStorage.setItem(keyName, key);
}

export interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** In place of the key of this browser. */
  key?: string;
}

/** The answer to one call of the API. `path` begins with a slash. */
export async function call(path: string, { method, body, headers = {}, signal, key }: Call = {}): Promise<Response> {
  const used = key ?? apiKey();
  const init = {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      Authorization: `Bearer ${used}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  };
  const response = await fetch(path, init).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached. It is tried again.");
  });
  // A refusal of the key before may come late: the one that is in use now may be right.
  if (response.status === 401 && key === undefined && used === apiKey()) dispatchEvent(new Event(keyRefused));
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** The answer's JSON. */
export async function callJson<T>(path: string, how?: Call): Promise<T> {
  return (await (await call(path, how)).json()) as T;
}

async function refusalOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; code?: string; field?: string };
  return new ApiError(
    response.status,
    problem.code ?? "unknown",
    problem.detail ?? `The server answered ${response.status}.`,
    problem.field,
  );
}

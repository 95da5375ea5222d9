/** Posts to a `response_url`: five messages within 30 minutes, no threads, no streams, and what is shown cannot be read back (docs.slack.dev/interactivity/handling-user-interaction). */
import { SlackFailure } from "./api.ts";

/** The last use is kept for a short text about where the rest is. */
export const responseUses = { forContent: 4, most: 5, forMs: 30 * 60_000 } as const;

/** Throws a SlackFailure with the code that Slack answered. */
export async function respond(url: string, body: object, signal: AbortSignal): Promise<void> {
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(url, { ...init, redirect: "manual", signal }).catch(() => undefined);
  if (answer === undefined) throw new SlackFailure("unreachable", "response_url");
  if (answer.ok) return void (await answer.body?.cancel());
  const code = codeIn(await answer.text().catch(() => ""));
  if (answer.status === 404 || answer.status === 410) throw new SlackFailure(code ?? "expired_url", "response_url");
  const isRefused = answer.status < 500 && answer.status !== 429;
  if (isRefused) throw new SlackFailure(code ?? "invalid_arguments", "response_url");
  const seconds = Number(answer.headers.get("Retry-After"));
  const afterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  throw new SlackFailure(`http_${answer.status}`, "response_url", afterMs);
}

/** `{"ok":false,"error":"expired_url"}`, or the code alone. */
function codeIn(text: string): string | undefined {
  return /^[a-z_]{3,60}$/.exec(text.trim())?.[0] ?? /"error"\s*:\s*"([a-z_]{3,60})"/.exec(text.slice(0, 2_000))?.[1];
}

/** Sends a person in Slack, in their thread, the reason why their message was not accepted. If it does not arrive, that does no harm. */
import type { AppError } from "../../core/errors.ts";
import { SlackApi, type SlackSettings } from "./api.ts";
import { respond } from "./response-url.ts";
import type { SlackAddress } from "./slack-address.ts";

export async function sendRefusal(address: SlackAddress, refused: AppError, settings: SlackSettings): Promise<void> {
  const text = wordsFor(refused);
  const { room, thread, user, fallbackUrl } = address;
  if (fallbackUrl !== undefined) {
    const body = { response_type: "ephemeral", replace_original: false, text };
    return respond(fallbackUrl, body, AbortSignal.timeout(5_000)).catch(() => undefined);
  }
  if (settings.botToken === undefined) return;
  const api = new SlackApi(settings);
  const place = { channel: room, ...(thread !== "" && { thread_ts: thread }) };
  await api
    .call("chat.postEphemeral", { ...place, user, text })
    .catch(() => api.call("chat.postMessage", { ...place, text }))
    .catch((error: unknown) => console.warn("Slack did not take a word about a refused message", error));
}

function wordsFor({ code, message, retryAfterSeconds }: AppError): string {
  if (code === "not_found") return "This conversation was erased. Mention me in a new message to begin another one.";
  if (code !== "rate_limited" && code !== "queue_full") return `Your message was not taken: ${message}`;
  const when = retryAfterSeconds === undefined ? "in a minute" : `in ${retryAfterSeconds} s`;
  return `There are too many messages just now, so yours was not taken. Please send it again ${when}.`;
}

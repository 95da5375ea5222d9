/** What a person in Discord reads where their message or press was not accepted. A channel is one conversation, so a person who cannot go on in it reads where they can. Pure. */
import type { AppError } from "../../core/errors.ts";

/** Of a question. */
export function questionRefusal({ code, message, retryAfterSeconds }: AppError): string {
  // While a release is rolled out, an object of the version before begins no new conversation.
  if (code === "not_found") {
    return "The conversation of this channel was erased, and a question does not bring it back. Ask in a thread or in another channel: each has a conversation of its own.";
  }
  if (code !== "rate_limited" && code !== "queue_full") return message;
  const when = retryAfterSeconds === undefined ? "in a minute" : `in ${retryAfterSeconds} s`;
  return `There are too many messages just now, so yours was not taken. Please ask again ${when}.`;
}

/** Of a press of a button under an earlier message. */
export function pressRefusal({ code, message }: AppError): string {
  return code === "not_found" ? "The conversation that this button belongs to was erased, or is over." : message;
}

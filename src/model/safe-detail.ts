/** Makes foreign text fit to be stored and shown: without the API key, on one line, and short. */
import { withoutSecret } from "../core/secrets.ts";

const longestChars = 500;

/** `text` for a `Failure.detail`: at most 500 characters. The key goes before the cut, so that no part of it stays. */
export function safeDetail(text: string, apiKey: string | undefined): string {
  const line = withoutSecret(text, apiKey, "[API key]").replace(/\s+/g, " ").trim();
  return line.length <= longestChars ? line : `${line.slice(0, longestChars - 1).trimEnd()}…`.toWellFormed();
}

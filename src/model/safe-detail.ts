/** Makes foreign text fit to be stored and shown: without the API key, on one line, and short. */

const longestChars = 500;
/** A shorter key is a placeholder for a provider that wants none; blotting it out would only garble the text. */
const shortestKeyChars = 4;

/** `text` for a `Failure.detail`: at most 500 characters. The key goes before the cut, so that no part of it stays. */
export function safeDetail(text: string, apiKey: string | undefined): string {
  const isSecret = apiKey !== undefined && apiKey.length >= shortestKeyChars;
  const secretless = isSecret ? text.replaceAll(apiKey, "[API key]") : text;
  const line = secretless.replace(/\s+/g, " ").trim();
  return line.length <= longestChars ? line : `${line.slice(0, longestChars - 1).trimEnd()}…`.toWellFormed();
}

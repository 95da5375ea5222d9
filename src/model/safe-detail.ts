/** Makes foreign text fit to be stored and shown: without API keys, on one line, and short. */

const longestChars = 500;
/** A shorter key is a placeholder for a provider that wants none; taking it out would only garble the text. */
const shortestKeyChars = 4;
/** What looks like a key of any host, also half hidden by stars as OpenAI quotes it, or a bearer header. */
const keyLike =
  /\b(?:sk|pk|rk|gsk|xai|pplx|hf|ak|nvapi|fw|tgp|csk|key)[-_][\w*.-]{8,}|\bAIza[\w-]{20,}|\bBearer\s+[\w.~+/=*-]{8,}/g;

/** `text` for the log: at most 500 characters. The key goes before the cut, so that no part of it stays. */
export function safeDetail(text: string, apiKey: string | undefined): string {
  const isSecret = apiKey !== undefined && apiKey.length >= shortestKeyChars;
  const secretless = isSecret ? text.replaceAll(apiKey, "[API key]") : text;
  const line = secretless.replace(keyLike, "[API key]").replace(/\s+/g, " ").trim();
  return line.length <= longestChars ? line : `${line.slice(0, longestChars - 1).trimEnd()}…`.toWellFormed();
}

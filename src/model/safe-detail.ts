/** Makes foreign text fit to be stored and shown: without API keys, on one line, and short. */
import { withoutSecret } from "../core/secrets.ts";

const longestChars = 500;
/** What looks like a key of any host, also half hidden by stars as OpenAI quotes it, or a bearer header. */
const keyLike =
  /\b(?:sk|pk|rk|gsk|xai|pplx|hf|ak|nvapi|fw|tgp|csk|key)[-_][\w*.-]{8,}|\bAIza[\w-]{20,}|\bBearer\s+[\w.~+/=*-]{8,}/g;

/** `text` for the log: at most 500 characters. The key goes before the cut, so that no part of it stays. */
export function safeDetail(text: string, apiKey: string | undefined): string {
  const secretless = withoutSecret(text, apiKey, "[API key]");
  const line = secretless.replace(keyLike, "[API key]").replace(/\s+/g, " ").trim();
  return line.length <= longestChars ? line : `${line.slice(0, longestChars - 1).trimEnd()}…`.toWellFormed();
}

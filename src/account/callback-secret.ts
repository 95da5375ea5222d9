/** The secret that an account's callbacks are signed with, derived from the one of its session tokens, so that there is nothing more to keep. */
import { sha256Hex } from "../core/digest.ts";

/** `whsec_` and 32 bytes in base64, as Standard Webhooks writes secrets. */
export async function callbackSecret(tokenSecret: string): Promise<string> {
  const hex = await sha256Hex(`callbacks ${tokenSecret}`);
  const bytes = hex.match(/../g)?.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))) ?? [];
  return `whsec_${btoa(bytes.join(""))}`;
}

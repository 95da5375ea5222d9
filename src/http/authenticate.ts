/** Finds out who is asking, from the bearer key and nothing else. Missing and wrong keys get the same answer. */
import { AppError } from "../core/errors.ts";

/** Who may call; `closed` until a key is set. */
export type AuthSettings = { kind: "key" | "dev"; apiKey: string } | { kind: "closed" };

/** The account behind the request's `Authorization: Bearer <key>`. Throws `unauthorized` or `not_configured`. */
export async function authenticate(request: Request, auth: AuthSettings): Promise<{ account: string }> {
  if (auth.kind === "closed") {
    const detail =
      "No API_KEY is set, so nobody may call. Set one: npx wrangler secret put API_KEY (and MODEL_API_KEY for the model).";
    throw new AppError("not_configured", detail);
  }
  const key = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (key === undefined || !(await same(key, auth.apiKey))) {
    throw new AppError("unauthorized", "Send a valid key in the header: Authorization: Bearer <key>.");
  }
  return { account: "default" };
}

/** Compares digests of equal length in constant time, so that neither length nor content can be felt for. */
async function same(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  // Node has no timingSafeEqual in crypto.subtle; the loop takes the same time wherever the digests differ.
  if (crypto.subtle.timingSafeEqual !== undefined) return crypto.subtle.timingSafeEqual(left, right);
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

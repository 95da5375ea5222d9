/** Tokens that open one session for a while, safe to give to a browser: `lt_<account>_<claims>.<signature>`, signed with a secret of the account (HMAC-SHA-256). */
import { fromBase64Url, toBase64Url } from "../core/base64url.ts";

export const rights = ["read", "append", "approve", "cancel"] as const;
export type Right = (typeof rights)[number];

export interface TokenClaims {
  session: string;
  rights: Right[];
  /** In ms since 1970. */
  expiresAtMs: number;
  /** Of the session as it was when the token was made: it is another once the tokens are withdrawn, or the session is made again. Absent in older tokens. */
  tag?: string;
}

/** A token's parts, of which nothing is believed yet. */
export interface UnverifiedToken {
  account: string;
  claims: string;
  signature: string;
}

const shape = /^lt_([a-z0-9-]{1,40})_([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{43})$/;

/** `undefined` for what does not look like a token. */
export function parseToken(text: string): UnverifiedToken | undefined {
  const [, account, claims, signature] = shape.exec(text) ?? [];
  if (account === undefined || claims === undefined || signature === undefined) return undefined;
  return { account, claims, signature };
}

export async function signToken(account: string, claims: TokenClaims, secret: string): Promise<string> {
  const text = toBase64Url(new TextEncoder().encode(JSON.stringify(claims)));
  const signature = await crypto.subtle.sign("HMAC", await keyOf(secret, "sign"), bytesOf(account, text));
  return `lt_${account}_${text}.${toBase64Url(new Uint8Array(signature))}`;
}

/** The claims of a token that this secret has signed and that has not expired; else `undefined`. */
export async function verifyToken(
  { account, claims, signature }: UnverifiedToken,
  secret: string,
  nowMs: number,
): Promise<TokenClaims | undefined> {
  const bytes = fromBase64Url(signature);
  // The last letter has two bits that mean nothing: of the texts that name the same bytes only ours is one.
  if (bytes === undefined || secret === "" || toBase64Url(bytes) !== signature) return undefined;
  // Compares in constant time.
  const isOurs = await crypto.subtle.verify("HMAC", await keyOf(secret, "verify"), bytes, bytesOf(account, claims));
  if (!isOurs) return undefined;
  const parsed = JSON.parse(new TextDecoder().decode(fromBase64Url(claims))) as TokenClaims;
  return parsed.expiresAtMs > nowMs ? parsed : undefined;
}

function keyOf(secret: string, use: "sign" | "verify"): Promise<CryptoKey> {
  const raw = new TextEncoder().encode(secret);
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, [use]);
}

/** The account is signed, too: a token of one account is none of another. */
function bytesOf(account: string, claims: string): Uint8Array {
  return new TextEncoder().encode(`${account}.${claims}`);
}

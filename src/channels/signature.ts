/** Decides whether a request was signed by the sender that it names, over the raw bytes, in constant time. A request whose signature is missing or malformed is not signed; nothing here throws for a request. WebCrypto does all of it: the senders' own packages bring a cryptography of their own, or all of their API. */

/** A request as far as signatures go. */
export interface Signed {
  body: string;
  header(name: string): string | undefined;
  /** Ms since 1970. */
  nowMs: number;
}

/** How far a timestamp may be off, both ways: Slack, Stripe and Standard Webhooks require 5 minutes. */
const toleranceSeconds = 300;
/** Discord names none. */
const discordToleranceSeconds = 600;

/** `v0=` and hex HMAC-SHA256 over `v0:<timestamp>:<body>` (docs.slack.dev/authentication/verifying-requests-from-slack). */
export async function isSignedBySlack({ body, header, nowMs }: Signed, signingSecret: string): Promise<boolean> {
  const at = header("X-Slack-Request-Timestamp") ?? "";
  const [, hex] = /^v0=([0-9a-f]{64})$/.exec(header("X-Slack-Signature") ?? "") ?? [];
  if (hex === undefined || !isFresh(at, nowMs)) return false;
  return isHmac(hex, `v0:${at}:${body}`, signingSecret);
}

/** `t=<timestamp>,v1=<hex>[,v1=<hex>]` over `<timestamp>.<body>`; the key is the `whsec_…` text itself, not what it encodes (docs.stripe.com/webhooks). */
export async function isSignedByStripe({ body, header, nowMs }: Signed, secrets: readonly string[]): Promise<boolean> {
  const parts = (header("Stripe-Signature") ?? "").split(",").map((part) => part.trim().split("="));
  const at = parts.find(([name]) => name === "t")?.[1] ?? "";
  if (!isFresh(at, nowMs)) return false;
  const signatures = parts.filter(([name]) => name === "v1").map(([, value = ""]) => value);
  for (const hex of signatures.slice(0, 8)) {
    for (const secret of secrets) if (await isHmac(hex, `${at}.${body}`, secret)) return true;
  }
  return false;
}

/** `sha256=<hex>` over the body (docs.github.com: validating webhook deliveries). There is no timestamp: repeats are recognised by their delivery id. */
export async function isSignedByGitHub({ body, header }: Signed, secrets: readonly string[]): Promise<boolean> {
  const signature = header("X-Hub-Signature-256") ?? "";
  if (!/^sha256=[0-9a-f]{64}$/.test(signature) || body === "") return false;
  for (const secret of secrets) if (await isHmac(signature.slice("sha256=".length), body, secret)) return true;
  return false;
}

/** `webhook-id`, `-timestamp` and `-signature` (standard-webhooks/spec 1.0.0), or the same named `svix-…` as Svix and its customers (Clerk, Resend) send them (docs.svix.com/receiving/verifying-payloads/how-manual). The header may hold several signatures, separated by spaces; those of another version than `v1` are skipped. */
export async function isSignedByStandard(
  { body, header, nowMs }: Signed,
  secrets: readonly string[],
): Promise<boolean> {
  const prefix = standardPrefix(header);
  const [id, at, signature] = ["id", "timestamp", "signature"].map((name) => header(`${prefix}-${name}`) ?? "");
  // By this machine's clock, too: a relay that forwards a request later must not make it fresh.
  if (!id || !signature || !isFresh(at ?? "", nowMs) || !isFresh(at ?? "", Date.now())) return false;
  const given = signature.split(" ").flatMap((each) => /^v1,([A-Za-z0-9+/]{43}=)$/.exec(each)?.[1] ?? []);
  for (const secret of secrets) {
    const made = await standardSignature(`${id}.${Number(at)}.${body}`, secret).catch(() => undefined);
    if (made !== undefined && given.some((each) => isEqual(each, made))) return true;
  }
  return false;
}

/** In base64. The key is what the secret encodes, after `whsec_`. Throws an Error for a secret that encodes nothing. */
async function standardSignature(text: string, secret: string): Promise<string> {
  const encoded = secret.replace(/^whsec_/, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw new Error("A secret of Standard Webhooks must be base64.");
  const key = await hmacKey(bytesOf(atob(encoded)), "sign");
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
}

/** Compares two texts in a time that does not depend on where they differ. */
function isEqual(given: string, made: string): boolean {
  if (given.length !== made.length) return false;
  let difference = 0;
  for (let at = 0; at < made.length; at++) difference |= given.charCodeAt(at) ^ made.charCodeAt(at);
  return difference === 0;
}

/** How the three headers begin. All are read under one beginning, so that what is signed and what is read are the same. */
export function standardPrefix(header: Signed["header"]): "webhook" | "svix" {
  return header("webhook-signature") === undefined && header("svix-signature") !== undefined ? "svix" : "webhook";
}

/** The headers of a webhook that we send. `id` holds no dot; `atMs`: of this attempt. */
export async function standardHeaders(
  { id, atMs, body }: { id: string; atMs: number; body: string },
  secret: string,
): Promise<Record<string, string>> {
  const at = Math.floor(atMs / 1000);
  const signature = `v1,${await standardSignature(`${id}.${at}.${body}`, secret)}`;
  return { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": signature };
}

/** Ed25519 over timestamp and body (discord.com/developers/docs/interactions/overview). `publicKey`: hex. */
export async function isSignedByDiscord({ body, header, nowMs }: Signed, publicKey: string): Promise<boolean> {
  const [at, signature] = [header("X-Signature-Timestamp") ?? "", header("X-Signature-Ed25519") ?? ""];
  if (!/^[0-9a-f]{128}$/i.test(signature) || !isFresh(at, nowMs, discordToleranceSeconds)) return false;
  if (!/^[0-9a-f]{64}$/i.test(publicKey)) return false;
  const text = new TextEncoder().encode(at + body);
  try {
    const key = await crypto.subtle.importKey("raw", hexBytes(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, hexBytes(signature), text);
  } catch {
    // A key that is no point of the curve.
    return false;
  }
}

/** `at`: seconds since 1970, as text. */
function isFresh(at: string, nowMs: number, tolerance = toleranceSeconds): boolean {
  return /^\d{1,12}$/.test(at) && Math.abs(nowMs / 1000 - Number(at)) <= tolerance;
}

async function isHmac(hex: string, text: string, secret: string): Promise<boolean> {
  // WebCrypto throws at an empty key, and a secret that is not set must not let anything in.
  if (secret === "" || !/^[0-9a-f]{64}$/.test(hex)) return false;
  const encoder = new TextEncoder();
  const key = await hmacKey(new Uint8Array(encoder.encode(secret)), "verify");
  return crypto.subtle.verify("HMAC", key, hexBytes(hex), encoder.encode(text));
}

function hmacKey(key: Uint8Array<ArrayBuffer>, use: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [use]);
}

function hexBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

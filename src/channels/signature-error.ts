/** Explains why a request that is not signed was refused, in the terms of the sender's scheme and with a title for each cause: a missing signature, an old one and a wrong one are repaired in different places. Never shows what the right one would be. */
import { AppError } from "../core/errors.ts";
import type { Signed } from "./signature.ts";

export type SignatureScheme = "slack" | "discord" | "standard" | "github" | "stripe";

/** Names of the headers by scheme, the signature first; a scheme may have several spellings of the same headers. */
const headersOf: Record<SignatureScheme, { signature: string; timestamp?: string }[]> = {
  slack: [{ signature: "X-Slack-Signature", timestamp: "X-Slack-Request-Timestamp" }],
  discord: [{ signature: "X-Signature-Ed25519", timestamp: "X-Signature-Timestamp" }],
  standard: [
    { signature: "webhook-signature", timestamp: "webhook-timestamp" },
    { signature: "svix-signature", timestamp: "svix-timestamp" },
  ],
  github: [{ signature: "X-Hub-Signature-256" }],
  stripe: [{ signature: "Stripe-Signature" }],
};

/** Seconds that a timestamp may be off, as `signature.ts` has it. */
const toleranceOf = (scheme: SignatureScheme) => (scheme === "discord" ? 600 : 300);

/**
 * The refusal of a request for which the check of its signature failed.
 * @param sender as an operator knows it, such as `the webhook "orders"`
 */
export function signatureError(scheme: SignatureScheme, signed: Signed, sender: string): AppError {
  const { header, nowMs } = signed;
  const spellings = headersOf[scheme];
  const used = spellings.find(({ signature }) => header(signature) !== undefined);
  if (used === undefined) {
    const names = spellings.map(({ signature }) => signature).join(" or ");
    const detail = `The request for ${sender} has no signature. It is expected in the header ${names}.`;
    return new AppError("unauthorized", detail, { title: "The signature is missing", field: spellings[0]?.signature });
  }
  if (used.timestamp !== undefined && header(used.timestamp) === undefined) {
    const detail = `The request for ${sender} has no time of signing. It is expected in the header ${used.timestamp}.`;
    return new AppError("unauthorized", detail, { title: "The signature is missing", field: used.timestamp });
  }
  const at = timestampOf(scheme, used, header);
  const toleranceSeconds = toleranceOf(scheme);
  if (at !== undefined && Math.abs(nowMs / 1000 - at) > toleranceSeconds) {
    const detail = `The request for ${sender} was signed more than ${toleranceSeconds} seconds ago, or in the future. Check the sender's clock; an old request is not taken again.`;
    return new AppError("unauthorized", detail, { title: "The signature is too old", field: used.timestamp });
  }
  const detail = `The request is not signed with the secret of ${sender}, or its body was changed on the way.`;
  return new AppError("unauthorized", detail, { title: "The signature is wrong", field: used.signature });
}

/** Seconds since 1970; `undefined` where the scheme has none. */
function timestampOf(
  scheme: SignatureScheme,
  { signature, timestamp }: { signature: string; timestamp?: string },
  header: Signed["header"],
): number | undefined {
  if (timestamp !== undefined) return Number(header(timestamp) ?? Number.NaN);
  if (scheme !== "stripe") return undefined;
  const [, at] = /(?:^|,)\s*t=(\d{1,12})(?:,|$)/.exec(header(signature) ?? "") ?? [];
  return at === undefined ? undefined : Number(at);
}

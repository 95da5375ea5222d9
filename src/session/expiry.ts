/** When a session's life is over, and what then comes first: what was accepted is finished and what is owed is delivered, for a bounded time. Decides only; `SessionLife` does it. Pure. */

/** How long work that is open and answers that are owed keep a session that has expired: longer than a wait for a person (24 h) and all tries of a delivery (24 h). */
export const graceMs = 48 * 3_600_000;

export interface LifeFacts {
  /** Null: it lives for ever. */
  expiresAtMs: number | null;
  /** A turn is open or waits, or an answer is owed to a channel. */
  owes: boolean;
}

/** `stop`: every turn is to end now, and its answer is still delivered. */
export type Expiry = "lives" | "waits" | "stop" | "erase";

export function expiryOf({ expiresAtMs, owes }: LifeFacts, nowMs: number): Expiry {
  if (expiresAtMs === null || nowMs < expiresAtMs) return "lives";
  if (!owes || nowMs >= expiresAtMs + 2 * graceMs) return "erase";
  return nowMs < expiresAtMs + graceMs ? "waits" : "stop";
}

/** When the session must be looked at next for its life's sake, in ms since 1970; `undefined` when never. */
export function expiryDueMs({ expiresAtMs, owes }: LifeFacts, nowMs: number): number | undefined {
  if (expiresAtMs === null) return undefined;
  if (!owes || nowMs < expiresAtMs) return expiresAtMs;
  return nowMs < expiresAtMs + graceMs ? expiresAtMs + graceMs : expiresAtMs + 2 * graceMs;
}

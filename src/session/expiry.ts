/** When a session's life is over, and what then comes first: what was accepted is finished and what is owed is delivered, for a bounded time. Decides only; `SessionLife` does it. Pure. */

/** How long work that is open and answers that are owed keep a session that has expired: longer than a wait for a person (24 h) and all tries of a delivery (24 h). */
export const graceMs = 48 * 3_600_000;

export interface LifeFacts {
  /** Null: it lives for ever. */
  expiresAtMs: number | null;
  /** A turn is open or waits, or an answer is owed to a channel. */
  owes: boolean;
  /** When a tool's wait was over last, or will be, in ms since 1970; 0 or absent where none has waited. What comes after it is bounded, as after the end of the session's life. */
  waitsUntilMs?: number;
}

/** `stop`: every turn is to end now, and its answer is still delivered. */
export type Expiry = "lives" | "waits" | "stop" | "erase";

export function expiryOf({ expiresAtMs, owes, waitsUntilMs = 0 }: LifeFacts, nowMs: number): Expiry {
  if (expiresAtMs === null || nowMs < expiresAtMs) return "lives";
  const sinceMs = Math.max(expiresAtMs, waitsUntilMs);
  if (!owes || nowMs >= sinceMs + 2 * graceMs) return "erase";
  return nowMs < sinceMs + graceMs ? "waits" : "stop";
}

/** When the session must be looked at next because its life ends, in ms since 1970; `undefined` when never. */
export function expiryDueMs({ expiresAtMs, owes, waitsUntilMs = 0 }: LifeFacts, nowMs: number): number | undefined {
  if (expiresAtMs === null) return undefined;
  if (!owes || nowMs < expiresAtMs) return expiresAtMs;
  const sinceMs = Math.max(expiresAtMs, waitsUntilMs);
  return nowMs < sinceMs + graceMs ? sinceMs + graceMs : sinceMs + 2 * graceMs;
}

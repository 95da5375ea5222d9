/** What shares of a budget are to an account: money that is set aside for sessions which work for other sessions. Types alone. All in micro-dollars. */

export interface AccountShares {
  /** Whether a call of this session may cost so much more: `within` a share, or only as far as the account's budget allows it. */
  allows(session: string, micros: number): "refused" | "within" | "account";
  /** What is set aside in shares, beside what their sessions spent or reserved. */
  readonly heldMicros: number;
  spent(session: string, micros: number): void;
  /** Of the parent's share, or of what is `leftMicros` of the account's budget; false, and nothing set aside, where there is not so much. One that is there already stays. */
  open(share: ShareToOpen, leftMicros: number): boolean;
  /** Frees what the session has not spent of its share. Where the share is opened only later, nothing is set aside for it. Rows of shares that count no more are removed. */
  close(session: string, nowMs: number): void;
  /** The session was erased: closes its share. Does nothing for a session without one. */
  release(session: string, nowMs: number): void;
}

export interface ShareToOpen {
  session: string;
  parent: string;
  /** Absent: it spends from the share of its parent. */
  micros?: number;
}

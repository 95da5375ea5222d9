/** What the last user message of a bench request asks the fake upstream for, and how both ends of a run tell time. */

export interface Plan {
  tokens: number;
  /** Events in one write. */
  perWrite: number;
  /** Between two writes, in ms; 0: as fast as the reader reads. */
  gapMs: number;
  /** Steps that ask for the tool before the answer. */
  tools: number;
  /** After its tokens the answer goes on for so long, a token every 20 ms; 0 or absent: it ends. */
  lingersMs?: number;
}

const mark = "plan:";

export function planText(plan: Plan): string {
  return `${mark}${JSON.stringify(plan)}`;
}

/** The plan in a message; `undefined` for one without. */
export function planIn(text: unknown): Plan | undefined {
  if (typeof text !== "string" || !text.startsWith(mark)) return undefined;
  return JSON.parse(text.slice(mark.length)) as Plan;
}

/** Milliseconds since 1970 with fractions: the same clock in every process of this machine. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** A token that says when it was sent, in microseconds within the hour: ten characters at most. */
export function timedToken(): string {
  return ` t${Math.floor(nowMs() * 1000) % 3_600_000_000}`;
}

/** How long ago a token was sent, in ms. */
export function ageMs(token: number): number {
  const now = Math.floor(nowMs() * 1000) % 3_600_000_000;
  return ((now - token + 3_600_000_000) % 3_600_000_000) / 1000;
}

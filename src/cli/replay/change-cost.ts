/** What a change costs: what it takes a turn, and the cached prefix that it voids, in money by the ledger of the Worker. Pure. */

import type { Prices } from "../../core/cost.ts";
import { defined } from "../../core/defined.ts";
import { canonicalBody } from "../../test-kit/recording.ts";
import { requestDifference } from "../../test-kit/request-difference.ts";

/** A session's newest replayed turn: its first request then and now, and what of it was cached then, in tokens. */
export interface FirstRequests {
  before: string;
  now: string;
  cachedTokens: number;
}

/** A day of the ledger. */
export interface LedgerDay {
  day: string;
  input_tokens: number;
  cached_tokens: number;
  cost_micros: number;
}

/** Money in micro-dollars. */
export interface ChangeCost {
  /** What differs first, in the words of the prefix doctor; absent: nothing does, and nothing is voided. */
  segment?: string;
  /** Tokens that a session had cached, and has to pay in full once. */
  voidedTokens: number;
  /** Once for all sessions of a day. */
  onceMicros: number;
  sessionsPerDay: number;
  /** What the ledger says of a day, and how much more the candidate would take of it. */
  perDayMicros: number;
  morePerDayMicros: number;
}

export interface ChangeFacts {
  requests: readonly FirstRequests[];
  days: readonly LedgerDay[];
  windowDays: number;
  /** Sessions that were active in the window. */
  sessions: number;
  prices: Prices;
  /** The candidate's cost against the recorded one: 0.1 is ten per cent more. */
  costChange: number;
}

/**
 * A change in the head of a request (model, parameters, tools, instructions) voids all that is cached: providers read the head
 * first. Each session that is open then pays its prefix in full once, at the price of a miss in place of that of a hit.
 */
export function changeCost({ requests, days, windowDays, sessions, prices, costChange }: ChangeFacts): ChangeCost {
  const segments = requests.map(({ before, now }) => headSegment(before, now));
  const segment = segments.find((each) => each !== undefined);
  const voided = requests.reduce(
    (sum, { cachedTokens }, at) => sum + (segments[at] === undefined ? 0 : cachedTokens),
    0,
  );
  const voidedTokens = requests.length === 0 ? 0 : Math.round(voided / requests.length);
  const length = Math.max(1, windowDays);
  const sessionsPerDay = sessions / length;
  const perDayMicros = days.reduce((sum, { cost_micros }) => sum + cost_micros, 0) / length;
  return {
    ...defined({ segment }),
    voidedTokens,
    onceMicros: Math.round((sessionsPerDay * voidedTokens * Math.max(0, prices.miss - prices.hit)) / 1e6),
    sessionsPerDay,
    perDayMicros: Math.round(perDayMicros),
    morePerDayMicros: Math.round(perDayMicros * costChange),
  };
}

/** The part of the head that differs; `undefined` when the heads are equal. Whom a request is for is another's name here. */
function headSegment(before: string, now: string): string | undefined {
  const [old, fresh] = [withoutUser(before), withoutUser(now)];
  if (old === fresh) return undefined;
  const { segment } = requestDifference(old, fresh);
  return /^message/.test(segment) ? undefined : segment;
}

function withoutUser(body: string): string {
  try {
    const { user: _, user_id: __, ...rest } = JSON.parse(body) as Record<string, unknown>;
    return JSON.stringify(rest);
  } catch {
    return canonicalBody(body);
  }
}

/**
 * HOW MUCH speaks for a higher rate of something bad on the candidate: a test martingale (e-process), valid whenever it is
 * looked at. Pure; what is done about it is decided by the guard.
 */
import type { Arm } from "./plan.ts";

/** Keys, and those of them to which it happened. */
export interface Tally {
  events: number;
  units: number;
}

/** All that is kept of a test: a few numbers, whatever the traffic. */
export interface RateEvidence {
  baseline: Tally;
  candidate: Tally;
  /** Natural logarithms of one e-process per alternative; see `factors`. */
  logs: number[];
}

/**
 * The alternatives: the candidate's rate is above the baseline's by so many times the harm that is to be seen. Several, since
 * the real harm is seldom the one that was named; the average of e-processes is one, too. Simulated with a harm named from a
 * quarter to more than twice the real one (2 % -> 10 %): 85 to 91 % are found within 500 keys.
 */
export const factors = [0.5, 1, 2] as const;

/** What is assumed of the baseline's rate before anything is known: as if 10 keys had been seen, with 3 % of events. */
const prior = { units: 10, events: 0.3 };
/** No alternative is beyond this: a logarithm of 0 would end the test. */
const mostRate = 0.98;

export function noRateEvidence(): RateEvidence {
  const none = { events: 0, units: 0 };
  return { baseline: { ...none }, candidate: { ...none }, logs: factors.map(() => 0) };
}

/** A key's outcome on an arm. `share`: the probability with which a key is on the candidate, as it was when this one was assigned. */
export interface RateSample {
  arm: Arm;
  isEvent: boolean;
  share: number;
}

/**
 * The evidence with one more key.
 *
 * Each key multiplies each e-process by P(outcome | arm, alternative) / P(outcome | alternative, arm unknown). When the
 * outcome does not depend on the arm, the expected factor is exactly 1, whatever the common rate is and however it changes
 * from key to key (an outage that hits both arms alike proves nothing); when the candidate is better it is below 1. So the
 * probability that the average ever reaches 1/alpha is at most alpha (Ville). Safe testing of two proportions: Turner, Ly and
 * Grünwald, arXiv 2106.02693; here with arms drawn key by key in place of blocks, so no key waits for a partner.
 */
export function withRateSample(before: RateEvidence, sample: RateSample, worseBy: number): RateEvidence {
  const { arm, isEvent, share } = sample;
  // The baseline's rate as known before this key.
  const rate = (before.baseline.events + prior.events) / (before.baseline.units + prior.units);
  const logs = before.logs.map((log, place) => {
    const worse = alternative(rate, worseBy * (factors[place] ?? 1));
    const mixed = (1 - share) * rate + share * worse;
    const own = arm === "candidate" ? worse : rate;
    return log + (isEvent ? Math.log(own / mixed) : Math.log((1 - own) / (1 - mixed)));
  });
  const tally = { events: before[arm].events + Number(isEvent), units: before[arm].units + 1 };
  return { ...before, [arm]: tally, logs };
}

/** The candidate's rate under an alternative. */
export function alternative(rate: number, harm: number): number {
  return Math.max(rate, Math.min(mostRate, rate + harm));
}

/** The evidence as an e-value: 20 means that a candidate that is not worse gets this far in at most 1 of 20 rollouts. */
export function rateEvidence({ logs }: RateEvidence): number {
  const most = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - most), 0);
  return Math.min(mostEvidence, Math.exp(most) * (sum / logs.length));
}

/**
 * How much evidence is needed: 1/alpha, and more while there are few keys, where chance makes large differences. By theory
 * 1/alpha is enough; with this a candidate that is better (10 % -> 5 %) is rolled back in about 1 of 10,000 rollouts in place
 * of 1 of 500, and the harm above is found as often.
 */
export function neededForRate({ baseline, candidate }: Pick<RateEvidence, Arm>, alpha: number): number {
  const { units: b } = baseline;
  const { units: c } = candidate;
  return b === 0 || c === 0 ? mostEvidence * 10 : neededAfter((2 * b * c) / (b + c), alpha);
}

/** The same after so many keys on each arm (the harmonic mean, when there are more on one). */
export function neededAfter(keys: number, alpha: number): number {
  return (1 + (fewKeys / keys) ** 3) / alpha;
}

const fewKeys = 100;

/** Beyond this no one asks for more, and JSON has no infinity. */
export const mostEvidence = 1e12;

export function rateOf({ events, units }: Tally): number {
  return units === 0 ? 0 : events / units;
}

/** Wilson's interval of a share, for readers: 95 %, of each arm by itself. Decisions do not go by it. */
export function rateInterval({ events, units }: Tally): [low: number, high: number] {
  if (units === 0) return [0, 1];
  const z = 1.96;
  const scale = 1 + z ** 2 / units;
  const middle = (events / units + z ** 2 / (2 * units)) / scale;
  const half = (z * Math.sqrt((events * (units - events)) / units ** 3 + z ** 2 / (4 * units ** 2))) / scale;
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

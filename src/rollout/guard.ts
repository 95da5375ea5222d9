/**
 * WHAT is known of a rollout's arms, and what that proves: counts per stage and arm, and the evidence of each guardrail. Pure:
 * a state and one ended turn give the next state. It decides nothing; see `decide.ts`.
 */
import {
  compareMeans,
  type MeanComparison,
  type MeanEvidence,
  noMeanEvidence,
  withMeanSample,
} from "./mean-evidence.ts";
import {
  type Arm,
  candidateShare,
  type Guardrail,
  isRate,
  type MeanMetric,
  type RateMetric,
  type RolloutPlan,
} from "./plan.ts";
import {
  neededForRate,
  noRateEvidence,
  type RateEvidence,
  rateEvidence,
  rateOf,
  withRateSample,
} from "./rate-evidence.ts";
import { noRatio, type SampleRatio, withArrival } from "./sample-ratio.ts";

/** A turn that has ended, as it counts for a rollout. */
export interface CountedTurn {
  arm: Arm;
  /** The stage in which it began, from 0. */
  stage: number;
  /** Which of the key's turns on this arm in this stage it is, from 1. */
  ordinal: number;
  /** How probable it was that its key is on the candidate; see `chanceOf`. Of the stages in which the key had as many turns. */
  chance: number;
  /**
   * Whether the version failed to answer: the turn ended `failed`, `length` or `step_limit`, or another model than the
   * version's own had to answer. Null where the version is not to blame: a user stopped it, or the budget was used up.
   */
  failed: boolean | null;
  toolErrors: number;
  repairs: number;
  costMicros: number;
  /** It is the first turn of its session. */
  opens: boolean;
  /** Null where the turn ended before any output of the model. */
  firstEventMs: number | null;
  cachedTokens: number;
}

/** Sums of an arm in a stage, over all turns. */
export interface ArmCounts {
  keys: number;
  turns: number;
  failedTurns: number;
  toolErrors: number;
  repairs: number;
  costMicros: number;
  firstEventTurns: number;
  firstEventMs: number;
  /** Keys that gave feedback, and those whose first feedback was negative. */
  rated: number;
  negative: number;
}

export type StageCounts = Record<Arm, ArmCounts>;

/** The test of one guardrail on one of a key's turns. */
export type Evidence = { kind: "rate"; rate: RateEvidence } | { kind: "mean"; mean: MeanEvidence };

/** All that is kept of a rollout's traffic. JSON, a few kilobytes, whatever the traffic. */
export interface GuardState {
  stages: StageCounts[];
  /** Per guardrail of the plan, per place of `ordinals`. */
  tests: Evidence[][];
  /** Of the newest stage. */
  ratio: SampleRatio;
  /** The first keys of the newest stage: see `fuseBlown`. */
  fuse: Record<Arm, { keys: number; failed: number }>;
  /** Turns that ended on each arm before its prefix was known to be cached. */
  cold: Record<Arm, number | "warm">;
  /** Per stage that is done and guardrail: the evidence when it ended. */
  reached: Strongest[][];
}

/** The strongest test of a guardrail. */
export interface Strongest {
  metric: Guardrail["metric"];
  evidence: number;
  needed: number;
}

/**
 * The unit of each test is the key: turns of one key are alike, and counting them as if they were independent raises false
 * alarms. So each test takes one turn of each key: the first; and, since some harm shows only in longer conversations, a
 * test of its own takes the second, and one the fifth. They share the guardrail's alpha (by Bonferroni, since what a key did
 * first says something about what it does next).
 */
export const ordinals = [
  { ordinal: 1, part: 0.9 },
  { ordinal: 2, part: 0.05 },
  { ordinal: 5, part: 0.05 },
] as const;

/** A version's prefix is in no cache at first, which makes it dear and slow. Cost and time count from an arm's first cached token, or from this turn on. */
const mostColdTurns = 20;
/** The first keys of a stage that the fuse looks at, and the failed ones that blow it. With 10 % of failures that is 1 stage of 6,000. */
export const fuse = { keys: 10, failed: 6 } as const;

export function newGuard(plan: RolloutPlan): GuardState {
  const tests = plan.guardrails.map(({ metric }) => {
    const places = metric === "negative_feedback" ? ordinals.slice(0, 1) : ordinals;
    return places.map(
      (): Evidence =>
        isRate(metric) ? { kind: "rate", rate: noRateEvidence() } : { kind: "mean", mean: noMeanEvidence() },
    );
  });
  return {
    stages: [noCounts()],
    tests,
    ratio: noRatio(),
    fuse: noFuse(),
    cold: { baseline: 0, candidate: 0 },
    reached: [],
  };
}

/** The state at the beginning of the next stage: evidence goes on, what is watched stage by stage begins anew. */
export function nextStage(state: GuardState, plan: RolloutPlan): GuardState {
  const reached = [...state.reached, strongest(state, plan)];
  return { ...state, stages: [...state.stages, noCounts()], ratio: noRatio(), fuse: noFuse(), reached };
}

/** The state with one more ended turn. A turn that began in an earlier stage is summed there, and proves nothing any more. */
export function withTurn(state: GuardState, plan: RolloutPlan, turn: CountedTurn): GuardState {
  const { arm, stage, ordinal } = turn;
  const summed = { ...state, stages: replaced(state.stages, stage, (counts) => summedUp(counts, turn)) };
  if (stage !== state.stages.length - 1) return summed;
  const cold = { ...state.cold, [arm]: coldAfter(state.cold[arm], turn) };
  const isWarm = state.cold[arm] === "warm";
  const tests = plan.guardrails.map(({ metric, worseBy }, place) =>
    (state.tests[place] ?? []).map((test, at) =>
      ordinals[at]?.ordinal === ordinal ? withOutcome(test, { metric, worseBy, turn, isWarm }) : test,
    ),
  );
  if (ordinal > 1) return { ...summed, tests, cold };
  const ratio = withArrival(state.ratio, { arm, share: candidateShare(plan, stage) });
  return { ...summed, tests, cold, ratio, fuse: withKey(state.fuse, turn) };
}

/** The state with a key's first feedback in a stage. `chance`: as of a turn, of the stages in which the key gave feedback. */
export function withFeedback(
  state: GuardState,
  plan: RolloutPlan,
  { arm, stage, isNegative, chance }: { arm: Arm; stage: number; isNegative: boolean; chance: number },
): GuardState {
  const stages = replaced(state.stages, stage, (counts) => {
    const { rated, negative } = counts[arm];
    return { ...counts, [arm]: { ...counts[arm], rated: rated + 1, negative: negative + Number(isNegative) } };
  });
  if (stage !== state.stages.length - 1 || !isOpen(chance)) return { ...state, stages };
  const tests = plan.guardrails.map(({ metric, worseBy }, place) =>
    (state.tests[place] ?? []).map(
      (test): Evidence =>
        metric === "negative_feedback" && test.kind === "rate"
          ? { kind: "rate", rate: withRateSample(test.rate, { arm, isEvent: isNegative, share: chance }, worseBy) }
          : test,
    ),
  );
  return { ...state, stages, tests };
}

interface OutcomeOf {
  metric: Guardrail["metric"];
  worseBy: number;
  turn: CountedTurn;
  isWarm: boolean;
}

/** Whether a key could have been on either arm. */
function isOpen(chance: number): boolean {
  return chance > 0 && chance < 1;
}

function withOutcome(test: Evidence, { metric, worseBy, turn, isWarm }: OutcomeOf): Evidence {
  const { arm, stage, chance } = turn;
  if (!isOpen(chance)) return test;
  if (test.kind === "rate" && isRate(metric)) {
    const isEvent = eventOf(metric, turn);
    if (isEvent === null) return test;
    return { kind: "rate", rate: withRateSample(test.rate, { arm, isEvent, share: chance }, worseBy) };
  }
  if (test.kind === "rate" || isRate(metric) || !isWarm) return test;
  // A session that changes to the candidate in mid-conversation has all of it read anew, once: that is no harm of the version.
  if (turn.ordinal === 1 && !turn.opens) return test;
  const value = averaged(metric, turn);
  return value === null ? test : { kind: "mean", mean: withMeanSample(test.mean, { arm, value, stage, chance }) };
}

function eventOf(metric: RateMetric, { failed, toolErrors, repairs }: CountedTurn): boolean | null {
  if (metric === "failed_turns") return failed;
  if (metric === "tool_errors") return toolErrors > 0;
  // Feedback comes by itself.
  return metric === "repairs" ? repairs > 0 : null;
}

function averaged(metric: MeanMetric, { costMicros, firstEventMs }: CountedTurn): number | null {
  return metric === "cost_micros" ? costMicros : firstEventMs;
}

/** What a guardrail has found on one of a key's turns. */
export interface Finding {
  metric: Guardrail["metric"];
  /** Which turn of each key was compared. */
  ordinal: number;
  worseBy: number;
  /** How much evidence is needed: 1 / alpha, of rates more while there are few keys. */
  needed: number;
  evidence: number;
  baseline: { keys: number; value: number };
  candidate: { keys: number; value: number };
  /** In the unit of `worseBy`; negative where the candidate is better. */
  harm: number;
  /** Of averages: where the difference is, as a part of the baseline's average. */
  interval?: [low: number, high: number];
}

/** All findings of a rollout. `plannedUnits`: keys of both arms over all stages, by which the tests of averages are tuned. */
export function findings(state: GuardState, plan: RolloutPlan): Finding[] {
  return plan.guardrails.flatMap((guardrail, place) =>
    (state.tests[place] ?? []).map((test, at) => {
      const { ordinal = 1, part = 1 } = guardrail.metric === "negative_feedback" ? {} : (ordinals[at] ?? {});
      const common = { metric: guardrail.metric, ordinal, worseBy: guardrail.worseBy };
      const alpha = guardrail.alpha * part;
      return { ...common, ...(test.kind === "rate" ? ofRate(test.rate, alpha) : ofMean(test.mean, alpha, plan)) };
    }),
  );
}

/** Per guardrail the test that is nearest to what it needs. */
export function strongest(state: GuardState, plan: RolloutPlan): Strongest[] {
  const all = findings(state, plan);
  return plan.guardrails.flatMap(({ metric }) => {
    const [best] = all
      .filter((each) => each.metric === metric)
      .toSorted((a, b) => b.evidence / b.needed - a.evidence / a.needed);
    return best === undefined ? [] : { metric, evidence: best.evidence, needed: best.needed };
  });
}

type Compared = Pick<Finding, "needed" | "evidence" | "baseline" | "candidate" | "harm" | "interval">;

function ofRate(rate: RateEvidence, alpha: number): Compared {
  const { baseline, candidate } = rate;
  return {
    needed: neededForRate(rate, alpha),
    evidence: rateEvidence(rate),
    baseline: { keys: baseline.units, value: rateOf(baseline) },
    candidate: { keys: candidate.units, value: rateOf(candidate) },
    harm: rateOf(candidate) - rateOf(baseline),
  };
}

function ofMean(mean: MeanEvidence, alpha: number, plan: RolloutPlan): Compared {
  const compared = compareMeans(mean, { alpha, plannedUnits: plannedUnits(plan) });
  const keys = (arm: Arm) => mean.strata.reduce((sum, stratum) => sum + stratum[arm].n, 0);
  const none = { needed: 1 / alpha, evidence: 0, harm: 0 };
  if (compared === undefined)
    return {
      ...none,
      baseline: { keys: keys("baseline"), value: 0 },
      candidate: { keys: keys("candidate"), value: 0 },
    };
  const { baselineMean, difference, evidence, interval } = compared;
  return {
    needed: 1 / alpha,
    evidence,
    baseline: { keys: keys("baseline"), value: baselineMean },
    candidate: { keys: keys("candidate"), value: baselineMean + difference },
    harm: relative(difference, compared),
    interval: [relative(interval[0], compared), relative(interval[1], compared)],
  };
}

/** A difference as a part of the baseline's average; of one that is 0 any harm counts as the double. */
function relative(difference: number, { baselineMean }: MeanComparison): number {
  return baselineMean > 0 ? difference / baselineMean : Math.sign(difference);
}

/** Keys of both arms that the stages ask for together, where both arms have some. */
export function plannedUnits(plan: RolloutPlan): number {
  const units = plan.stages.map(({ minSessions }, stage) => {
    const share = candidateShare(plan, stage);
    return share < 1 ? minSessions / share : 0;
  });
  return Math.max(
    2 * 20,
    units.reduce((sum, each) => sum + each, 0),
  );
}

/**
 * Whether the candidate fails so plainly that no test is waited for. Where the baseline's keys of the same stage fail more
 * than half as often, the cause is outside (a provider is down), and the tests decide.
 */
export function fuseBlown({ fuse: { baseline, candidate } }: GuardState): boolean {
  if (candidate.failed < fuse.failed) return false;
  const share = (arm: { keys: number; failed: number }) => (arm.keys === 0 ? 0 : arm.failed / arm.keys);
  return share(baseline) < share(candidate) / 2;
}

/** The candidate's first keys, and all the baseline's until then: an outage in between is seen on both. */
function withKey(before: GuardState["fuse"], { arm, failed }: CountedTurn): GuardState["fuse"] {
  if (failed === null || before.candidate.keys >= fuse.keys) return before;
  const { keys, failed: failures } = before[arm];
  return { ...before, [arm]: { keys: keys + 1, failed: failures + Number(failed) } };
}

function coldAfter(before: number | "warm", { cachedTokens }: CountedTurn): number | "warm" {
  if (before === "warm" || cachedTokens > 0 || before + 1 >= mostColdTurns) return "warm";
  return before + 1;
}

function summedUp(counts: StageCounts, turn: CountedTurn): StageCounts {
  const { arm, ordinal, firstEventMs } = turn;
  const before = counts[arm];
  const after: ArmCounts = {
    ...before,
    keys: before.keys + Number(ordinal === 1),
    turns: before.turns + 1,
    failedTurns: before.failedTurns + Number(turn.failed === true),
    toolErrors: before.toolErrors + Number(turn.toolErrors > 0),
    repairs: before.repairs + Number(turn.repairs > 0),
    costMicros: before.costMicros + turn.costMicros,
    firstEventTurns: before.firstEventTurns + Number(firstEventMs !== null),
    firstEventMs: before.firstEventMs + (firstEventMs ?? 0),
  };
  return { ...counts, [arm]: after };
}

function replaced<T>(all: readonly T[], at: number, change: (each: T) => T): T[] {
  return all.map((each, place) => (place === at ? change(each) : each));
}

function noCounts(): StageCounts {
  const none = { keys: 0, turns: 0, failedTurns: 0, toolErrors: 0, repairs: 0, costMicros: 0 };
  const counts: ArmCounts = { ...none, firstEventTurns: 0, firstEventMs: 0, rated: 0, negative: 0 };
  return { baseline: counts, candidate: { ...counts } };
}

function noFuse(): GuardState["fuse"] {
  return { baseline: { keys: 0, failed: 0 }, candidate: { keys: 0, failed: 0 } };
}

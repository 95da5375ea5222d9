/** WHAT a reader gets to know of a rollout: where it is, what each stage and arm counted, what that proves, the evidence for a change request, and the notice of a decision. Pure; JSON as the HTTP API has it. */
import type { RolloutDecision, RolloutProgress } from "./decide.ts";
import { type ArmCounts, type Finding, findings, type GuardState, strongest } from "./guard.ts";
import { type Arm, candidateShare, type RolloutPlan } from "./plan.ts";
import { rateInterval } from "./rate-evidence.ts";
import { ratioAlpha, ratioEvidence } from "./sample-ratio.ts";

/** A decision as it was recorded. */
export interface RecordedDecision extends RolloutDecision {
  atMs: number;
  /** The stage in which it was made, from 0. */
  stage: number;
}

/** A verdict from elsewhere (an evaluation) that a person named when the rollout was made. */
export interface NamedVerdict {
  name: string;
  verdict: string;
  url?: string | undefined;
}

/** A rollout with all that is known of it. */
export interface RolloutRecord {
  id: string;
  createdAtMs: number;
  plan: RolloutPlan;
  progress: RolloutProgress;
  guard: GuardState;
  decisions: readonly RecordedDecision[];
  /** Per guardrail and stage, from before the rollout began: `smallestHarms`. */
  smallestHarms: readonly (readonly (number | null)[])[];
  /** What the smallest harms were computed from was assumed, not seen, per guardrail. */
  assumed: readonly boolean[];
  /** What the candidate changes, in words, and the tokens of the prefix that are read anew. */
  diff: readonly string[];
  lostTokens: number;
  lostMicros: number | null;
  verdict?: NamedVerdict | undefined;
}

export type ReportJson = ReturnType<typeof reportJson>;

const iso = (ms: number) => new Date(ms).toISOString();

/** `GET /v1/rollouts/:id`. */
export function rolloutJson(record: RolloutRecord) {
  const { id, plan, progress, guard, createdAtMs } = record;
  return {
    id,
    agent: plan.agent,
    candidate: plan.candidate,
    baseline: plan.baseline,
    key: plan.key,
    holdback: plan.holdback,
    state: progress.state,
    hold: progress.hold,
    stage: progress.stage,
    share: shareNow(record),
    created_at: iso(createdAtMs),
    guardrails: plan.guardrails.map(({ metric, worseBy, alpha }) => ({ metric, worse_by: worseBy, alpha })),
    stages: plan.stages.map((_, stage) => stageJson(record, stage)),
    evidence: findings(guard, plan).map(findingJson),
    sample_ratio: {
      baseline: guard.ratio.baseline,
      candidate: guard.ratio.candidate,
      evidence: rounded(ratioEvidence(guard.ratio)),
      needed: 1 / ratioAlpha,
    },
  };
}

/** Part of the keys that the candidate answers now. */
export function shareNow({ plan, progress }: Pick<RolloutRecord, "plan" | "progress">): number {
  if (progress.state === "rolled_back") return 0;
  return progress.state === "promoted" ? 1 - plan.holdback : candidateShare(plan, progress.stage);
}

function stageJson({ plan, progress, guard, smallestHarms, assumed }: RolloutRecord, stage: number) {
  const { share = 0, minSessions = 0, holdSeconds = 0 } = plan.stages[stage] ?? {};
  const counts = guard.stages[stage];
  const reached = stage === progress.stage ? strongest(guard, plan) : (guard.reached[stage] ?? []);
  return {
    share,
    min_sessions: minSessions,
    hold_seconds: holdSeconds,
    state: placeOf(stage, progress.stage),
    smallest_harm: plan.guardrails.map(({ metric, worseBy }, place) => {
      const seen = smallestHarms[place]?.[stage] ?? null;
      const isEnough = seen !== null && seen <= worseBy;
      return { metric, can_see: rounded(seen), worse_by: worseBy, enough: isEnough, assumed: assumed[place] ?? false };
    }),
    evidence: reached.map((each) => ({ ...each, evidence: rounded(each.evidence), needed: rounded(each.needed) })),
    baseline: counts ? armJson(counts.baseline) : null,
    candidate: counts ? armJson(counts.candidate) : null,
  };
}

function placeOf(stage: number, now: number): "done" | "current" | "waiting" {
  return stage < now ? "done" : stage > now ? "waiting" : "current";
}

function armJson(counts: ArmCounts) {
  const { keys, turns, failedTurns, toolErrors, repairs, costMicros, firstEventTurns, firstEventMs } = counts;
  const average = (sum: number, of: number) => (of === 0 ? null : Math.round(sum / of));
  return {
    sessions: keys,
    turns,
    metrics: {
      failed_turns: failedTurns,
      tool_errors: toolErrors,
      repairs,
      cost_micros: costMicros,
      cost_micros_per_turn: average(costMicros, turns),
      first_event_ms: average(firstEventMs, firstEventTurns),
      negative_feedback: counts.negative,
      feedback: counts.rated,
    },
  };
}

function findingJson(finding: Finding) {
  const { metric, ordinal, worseBy, needed, evidence, harm, interval } = finding;
  return {
    metric,
    turn_of_key: ordinal,
    worse_by: worseBy,
    harm: rounded(harm),
    evidence: rounded(evidence),
    needed: rounded(needed),
    baseline: sideJson(finding, "baseline"),
    candidate: sideJson(finding, "candidate"),
    ...(interval && { interval: interval.map(rounded) }),
  };
}

function sideJson(finding: Finding, arm: Arm) {
  const { keys, value } = finding[arm];
  const isShare = finding.metric !== "cost_micros" && finding.metric !== "first_event_ms";
  const interval = isShare ? rateInterval({ events: Math.round(value * keys), units: keys }) : undefined;
  return { sessions: keys, value: rounded(value), ...(interval && { interval_95: interval.map(rounded) }) };
}

/** `GET /v1/rollouts/:id/report`. */
export function reportJson(record: RolloutRecord) {
  const { decisions, diff, lostTokens, lostMicros, verdict = null } = record;
  return {
    ...rolloutJson(record),
    diff: [...diff],
    lost_prefix: { tokens: lostTokens, micros: lostMicros },
    evaluation: verdict,
    decisions: decisions.map(({ atMs, stage, kind, reason, hold = null, finding }) => ({
      ...{ at: iso(atMs), stage, decision: kind, reason, hold },
      ...(finding && { evidence: findingJson(finding) }),
    })),
    money: moneyOf(record.guard),
  };
}

/** What each arm cost, and what the candidate's turns cost more than as many of the baseline would have, stage by stage. */
function moneyOf({ stages }: GuardState) {
  const sum = (arm: Arm) => stages.reduce((total, stage) => total + stage[arm].costMicros, 0);
  const extra = stages.map(({ baseline, candidate }) =>
    baseline.turns === 0 ? 0 : candidate.costMicros - (baseline.costMicros / baseline.turns) * candidate.turns,
  );
  return {
    baseline_micros: sum("baseline"),
    candidate_micros: sum("candidate"),
    candidate_extra_micros: Math.round(extra.reduce((total, each) => total + each, 0)),
  };
}

/** Six significant digits: figures are read by people, and compared by tests. */
function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toPrecision(6))) as T;
}

type RolloutNamed = Pick<RolloutRecord, "id" | "plan">;

const titles: Record<RecordedDecision["kind"], string> = {
  advance: "▶️ Next stage",
  promote: "✅ Promoted",
  roll_back: "⛔ Rolled back",
  hold: "⏸️ On hold",
  resume: "▶️ Resumed",
  pause: "⏸️ Paused",
};

/** What a person reads: which rollout, what was decided and why. */
export function decisionText({ id, plan }: RolloutNamed, { kind, reason }: RecordedDecision): string {
  return `${titles[kind]}: ${plan.agent}, ${plan.baseline} -> ${plan.candidate} (rollout ${id}). ${reason}`;
}

/** What a program reads. */
export function decisionJson({ id, plan }: RolloutNamed, decision: RecordedDecision): Record<string, unknown> {
  const { kind, reason, stage, atMs, hold } = decision;
  const { agent, candidate, baseline } = plan;
  const at = new Date(atMs).toISOString();
  return { rollout: id, agent, candidate, baseline, decision: kind, stage, reason, ...(hold && { hold }), at };
}

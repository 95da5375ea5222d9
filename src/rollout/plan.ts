/** WHAT a rollout is to do: which version, in which stages, under which guardrails; and what is wrong with a plan that cannot be carried out. Pure. */

export type Arm = "baseline" | "candidate";

/** Shares of keys to which something bad happened; compared by their difference, from 0 to 1. */
export const rateMetrics = ["failed_turns", "tool_errors", "repairs", "negative_feedback"] as const;
/** Averages; compared by their difference as a part of the baseline's average. */
export const meanMetrics = ["cost_micros", "first_event_ms"] as const;

export type RateMetric = (typeof rateMetrics)[number];
export type MeanMetric = (typeof meanMetrics)[number];
export type Metric = RateMetric | MeanMetric;

export interface Stage {
  /** Part of the keys that the candidate answers, above 0 and at most 1. */
  share: number;
  /** Keys that must have been counted on the candidate in this stage before the next one begins. */
  minSessions: number;
  /** How long the stage lasts at least. */
  holdSeconds: number;
}

export interface Guardrail {
  metric: Metric;
  /**
   * The harm that is to be seen: of a rate the difference of the two shares (0.05: five points more), of an average a part
   * of the baseline's (0.3: 30 % more).
   */
  worseBy: number;
  /** How probable a rollback by this guardrail may be when the candidate is not worse. */
  alpha: number;
}

export interface RolloutPlan {
  agent: string;
  candidate: string;
  baseline: string;
  /** What is assigned as one: a session, or a speaker in all sessions. */
  key: "session" | "speaker";
  stages: readonly Stage[];
  guardrails: readonly Guardrail[];
  /** Part of the keys that stay on the baseline in every stage and after the promotion. */
  holdback: number;
}

/** How probable a false rollback may be over all guardrails that name no `alpha` of their own. */
export const totalAlpha = 0.05;

/** The guardrails with the alpha of each: those that name none share `totalAlpha` equally. */
export function splitAlpha(guardrails: readonly (Omit<Guardrail, "alpha"> & { alpha?: number | undefined })[]) {
  const sharing = guardrails.filter(({ alpha }) => alpha === undefined).length;
  return guardrails.map(({ alpha = totalAlpha / sharing, ...guardrail }): Guardrail => ({ ...guardrail, alpha }));
}

export function isRate(metric: Metric): metric is RateMetric {
  return rateMetrics.some((rate) => rate === metric);
}

/** Part of the keys that the candidate answers in a stage; what is held back never moves. */
export function candidateShare({ stages, holdback }: RolloutPlan, stage: number): number {
  return Math.min(stages[stage]?.share ?? 0, 1 - holdback);
}

export interface PlanFault {
  /** The name of the wrong field in the request. */
  field: string;
  detail: string;
}

const mostStages = 20;

/** What is wrong with a plan, the first thing found; `undefined` when nothing is. Whether its versions exist is for the caller. */
export function planFault(plan: RolloutPlan): PlanFault | undefined {
  if (plan.candidate === plan.baseline)
    return { field: "candidate", detail: `${plan.candidate} is the baseline itself: there is nothing to roll out.` };
  if (!(plan.holdback >= 0 && plan.holdback <= 0.5))
    return { field: "holdback", detail: "must be from 0 to 0.5: the part of the keys that stays on the baseline." };
  return stagesFault(plan.stages) ?? guardrailsFault(plan.guardrails);
}

function stagesFault(stages: readonly Stage[]): PlanFault | undefined {
  if (stages.length === 0 || stages.length > mostStages)
    return { field: "stages", detail: `must be 1 to ${mostStages} stages, such as { share: 0.1, min_sessions: 200 }.` };
  for (const [place, { share, minSessions, holdSeconds }] of stages.entries()) {
    const field = (name: string) => `stages[${place}].${name}`;
    const before = stages[place - 1]?.share ?? 0;
    if (!(share > 0 && share <= 1)) return { field: field("share"), detail: "must be above 0 and at most 1." };
    if (share < before)
      return {
        field: field("share"),
        detail: `${share} is below the ${before} of the stage before: shares only grow.`,
      };
    if (!isCount(minSessions, 1, 1_000_000))
      return { field: field("min_sessions"), detail: "must be a whole number from 1 to 1000000." };
    if (!isCount(holdSeconds, 0, 30 * 86_400))
      return { field: field("hold_seconds"), detail: "must be a whole number from 0 to 2592000 (30 days)." };
  }
  return undefined;
}

function guardrailsFault(guardrails: readonly Guardrail[]): PlanFault | undefined {
  for (const [place, { metric, worseBy, alpha }] of guardrails.entries()) {
    const field = (name: string) => `guardrails[${place}].${name}`;
    if (guardrails.findIndex((other) => other.metric === metric) !== place)
      return { field: field("metric"), detail: `${metric} is named twice.` };
    const most = isRate(metric) ? 0.9 : 10;
    if (!(worseBy > 0 && worseBy <= most))
      return { field: field("worse_by"), detail: `must be above 0 and at most ${most}: the harm that is to be seen.` };
    if (!(alpha >= 1e-6 && alpha <= 0.2))
      return { field: field("alpha"), detail: "must be from 0.000001 to 0.2: how probable a false rollback may be." };
  }
  if (guardrails.length === 1 && guardrails[0]?.metric === "negative_feedback")
    return {
      field: "guardrails[0].metric",
      detail: "negative_feedback alone is no guardrail: only some users give feedback. Add another metric.",
    };
  return undefined;
}

function isCount(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/**
 * WHAT a rollout does next: its state, what is known and the time give a decision, or none. Pure, so a decision can be made
 * again after a crash and is the same. Never sends or stores anything.
 */
import { type Finding, findings, fuse, fuseBlown, type GuardState } from "./guard.ts";
import type { RolloutPlan } from "./plan.ts";
import { ratioAlpha, ratioEvidence } from "./sample-ratio.ts";

export type RolloutState = "running" | "paused" | "holding" | "rolled_back" | "promoted";

/** Why a rollout holds. */
export type HoldReason = "no_traffic" | "sample_ratio" | "small_harm" | "last_stage" | "missing_version";

/** Where a rollout is. */
export interface RolloutProgress {
  state: RolloutState;
  /** From 0. */
  stage: number;
  stageStartedAtMs: number;
  /** When a key was last counted on the candidate; null before the first one of the stage. */
  lastKeyAtMs: number | null;
  hold: HoldReason | null;
  /** Holds that a person has ended in this stage: they do not hold it again. */
  waived: readonly HoldReason[];
}

export type DecisionKind = "advance" | "promote" | "roll_back" | "hold" | "resume" | "pause";

/** A decision, its reason in words, and the figures that it was made by. */
export interface RolloutDecision {
  kind: DecisionKind;
  reason: string;
  hold?: HoldReason;
  /** Of a person's `resume`: what does not hold this stage again. */
  waives?: HoldReason;
  /** The call of a person that it was made by. */
  call?: string;
  finding?: Finding;
}

/** How long no key may be counted before the rollout holds: a day, as GrowthBook's grace time. */
export const silenceMs = 86_400_000;

export interface Situation {
  plan: RolloutPlan;
  progress: RolloutProgress;
  guard: GuardState;
  nowMs: number;
}

export function isFinal(state: RolloutState): boolean {
  return state === "rolled_back" || state === "promoted";
}

/** The one next decision; `undefined` when there is nothing to decide now. A paused rollout is still rolled back when it does harm. */
export function decide(situation: Situation): RolloutDecision | undefined {
  const { state } = situation.progress;
  if (isFinal(state)) return undefined;
  const harm = harmOf(situation);
  if (harm !== undefined) return harm;
  if (state === "paused") return undefined;
  if (state === "holding") return resumed(situation);
  return held(situation) ?? advanced(situation);
}

/** When to decide again although nothing was counted, in ms since 1970; `undefined` when only traffic or a person changes anything. */
export function nextLookMs({ plan, progress, guard }: Omit<Situation, "nowMs">): number | undefined {
  if (progress.state !== "running") return undefined;
  const stage = plan.stages[progress.stage];
  const endMs = progress.stageStartedAtMs + (stage?.holdSeconds ?? 0) * 1_000;
  if (hasEnough({ plan, progress, guard })) return progress.waived.includes("last_stage") ? undefined : endMs;
  return progress.waived.includes("no_traffic") ? undefined : silentFromMs(progress) + silenceMs;
}

/** Harm is acted on at once, in each state but the final ones. */
function harmOf({ plan, progress, guard }: Situation): RolloutDecision | undefined {
  if (fuseBlown(guard)) {
    const { failed, keys } = guard.fuse.candidate;
    return {
      kind: "roll_back",
      reason: `${failed} of the first ${keys} keys of the stage failed on the candidate (the fuse: ${fuse.failed} of ${fuse.keys}).`,
    };
  }
  const proven = findings(guard, plan).filter(({ evidence, needed }) => evidence >= needed);
  const large = proven.find(({ harm, worseBy }) => harm >= worseBy / 2);
  if (large !== undefined) return { kind: "roll_back", reason: harmWords(large), finding: large };
  const [small] = proven;
  if (small === undefined || progress.state !== "running" || progress.waived.includes("small_harm")) return undefined;
  const reason = `${harmWords(small)} This is less than half of what was to be seen: a person decides.`;
  return { kind: "hold", hold: "small_harm", reason, finding: small };
}

function held({ progress, guard, nowMs }: Situation): RolloutDecision | undefined {
  const { waived } = progress;
  const { baseline, candidate } = guard.ratio;
  if (ratioEvidence(guard.ratio) >= 1 / ratioAlpha && !waived.includes("sample_ratio")) {
    const reason = `${candidate} keys came to the candidate and ${baseline} to the baseline, which is not the share: one arm loses keys, so nothing can be compared.`;
    return { kind: "hold", hold: "sample_ratio", reason };
  }
  if (nowMs < silentFromMs(progress) + silenceMs || waived.includes("no_traffic")) return undefined;
  return { kind: "hold", hold: "no_traffic", reason: "No key was counted on the candidate for a day." };
}

/** A hold for want of traffic ends with the traffic. The others end by a person. */
function resumed({ progress, nowMs }: Situation): RolloutDecision | undefined {
  if (progress.hold !== "no_traffic" || nowMs >= silentFromMs(progress) + silenceMs) return undefined;
  return { kind: "resume", reason: "Keys are counted again." };
}

function advanced({ plan, progress, guard, nowMs }: Situation): RolloutDecision | undefined {
  const stage = plan.stages[progress.stage];
  if (stage === undefined || !hasEnough({ plan, progress, guard })) return undefined;
  if (nowMs < progress.stageStartedAtMs + stage.holdSeconds * 1_000) return undefined;
  const keys = guard.stages[progress.stage]?.candidate.keys ?? 0;
  const done = `Stage ${progress.stage + 1} is done: ${keys} keys on the candidate, and no guardrail was passed.`;
  const next = plan.stages[progress.stage + 1];
  if (next !== undefined) return { kind: "advance", reason: `${done} The share grows to ${percent(next.share)}.` };
  if (stage.share === 1) return { kind: "promote", reason: `${done} It was the last one.` };
  if (progress.waived.includes("last_stage")) return undefined;
  const reason = `${done} It was the last one, with a share of ${percent(stage.share)}: promote it, or roll it back.`;
  return { kind: "hold", hold: "last_stage", reason };
}

function hasEnough({ plan, progress, guard }: Omit<Situation, "nowMs">): boolean {
  const keys = guard.stages[progress.stage]?.candidate.keys ?? 0;
  return keys >= (plan.stages[progress.stage]?.minSessions ?? Number.POSITIVE_INFINITY);
}

function silentFromMs({ stageStartedAtMs, lastKeyAtMs }: RolloutProgress): number {
  return lastKeyAtMs ?? stageStartedAtMs;
}

/** Where the rollout is after a decision. */
export function progressAfter(
  progress: RolloutProgress,
  { kind, hold, waives }: RolloutDecision,
  nowMs: number,
): RolloutProgress {
  switch (kind) {
    case "advance": {
      const begun = { stageStartedAtMs: nowMs, lastKeyAtMs: null, hold: null, waived: [] };
      return { ...progress, ...begun, state: "running", stage: progress.stage + 1 };
    }
    case "promote":
      return { ...progress, state: "promoted", hold: null };
    case "roll_back":
      return { ...progress, state: "rolled_back", hold: null };
    case "hold":
      return { ...progress, state: "holding", hold: hold ?? null };
    case "pause":
      return { ...progress, state: "paused" };
    case "resume":
      return {
        ...progress,
        state: "running",
        hold: null,
        waived: waives === undefined ? progress.waived : [...progress.waived, waives],
      };
  }
}

/** What a person may do. */
export type Action = "pause" | "resume" | "promote" | "rollback";

const allowed: Record<Action, readonly RolloutState[]> = {
  pause: ["running", "holding"],
  resume: ["paused", "holding"],
  promote: ["running", "paused", "holding"],
  // What was promoted can be taken back, too, as long as no other rollout of the agent came after it.
  rollback: ["running", "paused", "holding", "promoted"],
};

/** What a person's action decides; `undefined` where the state does not allow it. `by`: who acted, for the record. */
export function decisionOf(action: Action, { state, hold }: RolloutProgress, by: string): RolloutDecision | undefined {
  if (!allowed[action].includes(state)) return undefined;
  const kind = action === "rollback" ? "roll_back" : action;
  return { kind, reason: `By ${by}.`, ...(kind === "resume" && hold !== null && { waives: hold }) };
}

function harmWords({ metric, ordinal, baseline, candidate, evidence, needed }: Finding): string {
  const unit = metric === "cost_micros" ? " micro-dollars" : metric === "first_event_ms" ? " ms" : undefined;
  const figure = (value: number) => (unit === undefined ? percent(value) : `${Math.round(value)}${unit}`);
  const turn = ordinal === 1 ? "" : ` in the ${ordinal === 2 ? "second" : "fifth"} turn of each key`;
  return `${metric}${turn}: ${figure(candidate.value)} over ${candidate.keys} keys on the candidate, ${figure(baseline.value)} over ${baseline.keys} on the baseline; evidence ${Math.round(evidence)}, where ${Math.round(needed)} is needed.`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

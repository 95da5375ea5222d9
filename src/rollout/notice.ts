/** WHAT a notice of a decision says to people and programs. Pure. */
import type { RecordedDecision, RolloutRecord } from "./report.ts";

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

/** How the figures of a rollout are shown, and what can be done with it. Pure. */
import type { RolloutJson } from "../../wire/rollout-shapes.ts";

export type ShownEvidence = RolloutJson["evidence"][number];
export type RolloutAction = "pause" | "resume" | "promote" | "rollback";

/** What a person can do now. A rollout that is over can do nothing. */
export function actionsOf({ state }: Pick<RolloutJson, "state">): RolloutAction[] {
  switch (state) {
    case "running":
      return ["pause", "promote", "rollback"];
    case "paused":
    case "holding":
      return ["resume", "promote", "rollback"];
    case "rolled_back":
    case "promoted":
      return [];
  }
}

export const actionWords: Readonly<Record<RolloutAction, { name: string; asks: string }>> = {
  pause: { name: "Pause", asks: "Keep the share where it is? A candidate that does harm is rolled back all the same." },
  resume: { name: "Resume", asks: "Go on with it?" },
  promote: { name: "Promote", asks: "Give the candidate to everyone but those held back?" },
  rollback: { name: "Roll back", asks: "Give the baseline to everyone again?" },
};

export const holdWords: Readonly<Record<string, string>> = {
  no_traffic: "No new sessions came for a day.",
  sample_ratio: "The two arms got other shares of sessions than planned: the comparison cannot be trusted.",
  small_harm: "The stage cannot see a harm as small as its guardrail names.",
  last_stage: "The last stage has ended: promote it or roll it back.",
  missing_version: "One of its versions is not there any more.",
};

/** Where evidence is on its bar, 0 to 1, on a scale of powers: 1 is no evidence, and `needed` is at four fifths. */
export function evidencePlace(evidence: number, needed: number): number {
  const far = Math.log(Math.max(needed, 1.001));
  const near = Math.log(Math.max(evidence, 1));
  return Math.min(1, Number(((0.8 * near) / far).toFixed(4)));
}

export function evidenceWords(evidence: number): string {
  return evidence > 1_000_000 ? "over a million" : String(Number(evidence.toPrecision(3)));
}

/** Such as `failed turns`. */
export function metricWords(metric: string): string {
  return metric === "first_event_ms"
    ? "time to the first event"
    : metric === "cost_micros"
      ? "cost"
      : metric.replaceAll("_", " ");
}

/** A share of keys, or an average: rates are from 0 to 1. */
export function metricValue(metric: string, value: number | null): string {
  if (value === null) return "–";
  if (metric === "cost_micros") return `$${(value / 1_000_000).toPrecision(3)}`;
  if (metric === "first_event_ms") return `${Math.round(value)} ms`;
  return percent(value);
}

/** A difference of shares, or a part of the baseline's average. */
export function harmWords(harm: number): string {
  return `${harm > 0 ? "+" : harm < 0 ? "−" : ""}${percent(Math.abs(harm))}`;
}

export function percent(part: number): string {
  return `${Number((100 * part).toPrecision(3))} %`;
}

/** A rollout as a form has it, texts alone, and as the body of `POST /v1/rollouts`. Pure. */

export interface StageTexts {
  share: string;
  min_sessions: string;
  hold_seconds: string;
}

export interface GuardrailTexts {
  metric: string;
  worse_by: string;
}

export interface RolloutTexts {
  agent: string;
  candidate: string;
  /** Empty: what answers now. */
  baseline: string;
  key: string;
  holdback: string;
  stages: readonly StageTexts[];
  guardrails: readonly GuardrailTexts[];
}

export const metrics = ["failed_turns", "tool_errors", "repairs", "negative_feedback", "cost_micros", "first_event_ms"];

/** What docs/rollouts.md begins with. */
export function newRolloutTexts(agent: string, candidate: string): RolloutTexts {
  const stage = (share: string, min_sessions: string): StageTexts => ({ share, min_sessions, hold_seconds: "" });
  return {
    ...{ agent, candidate, baseline: "", key: "session", holdback: "" },
    stages: [stage("0.01", "100"), stage("0.1", "300"), stage("1", "1")],
    guardrails: [
      { metric: "failed_turns", worse_by: "0.05" },
      { metric: "cost_micros", worse_by: "0.3" },
    ],
  };
}

/** Empty texts are left out; a figure that is none is sent as it is, and the server names the field. */
export function rolloutBody({ stages, guardrails, holdback, ...texts }: RolloutTexts): Record<string, unknown> {
  return {
    ...filled(texts),
    ...figures({ holdback }),
    stages: stages.map((stage) => figures({ ...stage })),
    guardrails: guardrails.map(({ metric, worse_by }) => ({ metric, ...figures({ worse_by }) })),
  };
}

/** The names of its fields, as the server names them. */
export function rolloutFields({ stages, guardrails }: RolloutTexts): string[] {
  return [
    ...["agent", "candidate", "baseline", "key", "holdback"],
    ...stages.flatMap((stage, place) => Object.keys(stage).map((name) => `stages.${place}.${name}`)),
    ...guardrails.flatMap((rail, place) => Object.keys(rail).map((name) => `guardrails.${place}.${name}`)),
  ];
}

function filled(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ""));
}

function figures(texts: Readonly<Record<string, string>>): Record<string, number | string> {
  const found = Object.entries(filled(texts)).map(([name, text]): [string, number | string] => {
    const value = Number(text);
    return [name, Number.isFinite(value) ? value : text];
  });
  return Object.fromEntries(found);
}

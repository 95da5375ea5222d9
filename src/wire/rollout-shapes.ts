/** The JSON of agents' versions and of rollouts: what `doors/rollouts` answers, the OpenAPI document and the page take their types from here. No code that answers runs these: schemas come with the document alone. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";
import { isoDateTime } from "./zod-parts.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));
const moment = /* @__PURE__ */ lazySchema(() => isoDateTime());
const metric = /* @__PURE__ */ lazySchema(() =>
  z.enum(["failed_turns", "tool_errors", "repairs", "negative_feedback", "cost_micros", "first_event_ms"]),
);

const versionFields = () => ({
  version: z.string(),
  source: z.enum(["code", "account"]),
  created_at: z.nullable(moment),
  note: z.nullable(z.string()),
});

export const agentVersion = /* @__PURE__ */ lazySchema(
  () =>
    z.object(versionFields()).register(z.globalRegistry, {
      id: "AgentVersion",
      description:
        "`source`: the code of the agent as it is deployed now, or made by `POST /v1/agents/{agent}/versions`.",
    }),
  z.globalRegistry,
);

const draw = /* @__PURE__ */ lazySchema(() => z.optional(z.number()));

export const wholeVersion = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        agent: z.string(),
        ...versionFields(),
        instructions: z.string(),
        models: z.array(z.string()),
        sampling: z.object({ temperature: draw, top_p: draw, frequency_penalty: draw, presence_penalty: draw }),
        limits: z.object({ max_steps: z.number(), turn_seconds: z.number(), wait_seconds: z.number() }),
        tools: z.array(z.string()),
      })
      .register(z.globalRegistry, { id: "WholeVersion", description: "A version with all that it consists of." }),
  z.globalRegistry,
);

export const versionDifference = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        changes: z.array(z.string()).register(z.globalRegistry, { description: "One sentence for each change." }),
        prefix: z
          .object({
            head_tokens: count,
            lost_tokens: count,
            lost_micros: z.nullable(count),
            micros_per_thousand_tokens_after: z.nullable(count),
          })
          .register(z.globalRegistry, {
            description:
              "What providers have cached and read anew: tokens of the head after the first change, and their price once for each cold cache; null where the price is not known.",
          }),
      })
      .register(z.globalRegistry, { id: "VersionDifference" }),
  z.globalRegistry,
);

const sideOfTest = /* @__PURE__ */ lazySchema(() =>
  z.object({
    sessions: count,
    value: z.number(),
    interval_95: z.optional(z.array(z.number())),
  }),
);

const evidence = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        metric,
        turn_of_key: z.int(),
        worse_by: z.number(),
        harm: z.number(),
        evidence: z.number(),
        needed: z.number(),
        baseline: sideOfTest,
        candidate: sideOfTest,
        interval: z.optional(z.array(z.number())),
      })
      .register(z.globalRegistry, {
        id: "RolloutEvidence",
        description:
          "One test: the first, second or fifth turn of each key. `evidence` of N arises by chance in at most 1 of N rollouts of a version that is not worse; at `needed` the rollout is rolled back.",
      }),
  z.globalRegistry,
);

const arm = /* @__PURE__ */ lazySchema(() =>
  z.object({
    sessions: z.int().check(z.minimum(0)).register(z.globalRegistry, { description: "Keys: sessions, or speakers." }),
    turns: count,
    metrics: z.object({
      failed_turns: count,
      tool_errors: count,
      repairs: count,
      cost_micros: count,
      cost_micros_per_turn: z.nullable(count),
      first_event_ms: z.nullable(count),
      negative_feedback: count,
      feedback: count,
    }),
  }),
);

const stage = /* @__PURE__ */ lazySchema(() =>
  z.object({
    share: z.number(),
    min_sessions: count,
    hold_seconds: count,
    state: z.enum(["done", "current", "waiting"]),
    smallest_harm: z
      .array(
        z.object({
          metric,
          can_see: z.nullable(z.number()),
          worse_by: z.number(),
          enough: z.boolean(),
          assumed: z.boolean(),
        }),
      )
      .register(z.globalRegistry, {
        description:
          "Per guardrail the harm that is found by the stage's end with a chance of 0.8, as it was computed before the rollout began. `assumed`: the baseline had too few turns to compute it from.",
      }),
    evidence: z.array(z.object({ metric, evidence: z.number(), needed: z.number() })).register(z.globalRegistry, {
      description: "Per guardrail the strongest test: now, or when the stage ended.",
    }),
    baseline: z.nullable(arm),
    candidate: z.nullable(arm),
  }),
);

const rolloutFields = () => ({
  id: z.string(),
  agent: z.string(),
  candidate: z.string(),
  baseline: z.string(),
  key: z.enum(["session", "speaker"]),
  holdback: z.number(),
  state: z.enum(["running", "paused", "holding", "rolled_back", "promoted"]),
  hold: z.nullable(z.enum(["no_traffic", "sample_ratio", "small_harm", "last_stage", "missing_version"])),
  stage: z.int().check(z.minimum(0)).register(z.globalRegistry, { description: "From 0." }),
  share: z.number().register(z.globalRegistry, { description: "Part of the keys that the candidate answers now." }),
  created_at: moment,
  guardrails: z.array(z.object({ metric, worse_by: z.number(), alpha: z.number() })),
  stages: z.array(stage),
  evidence: z.array(evidence),
  sample_ratio: z
    .object({ baseline: count, candidate: count, evidence: z.number(), needed: z.number() })
    .register(z.globalRegistry, {
      description:
        "Keys of the newest stage that came to each arm, and the evidence that they do not come by the share.",
    }),
});

export const rollout = /* @__PURE__ */ lazySchema(
  () => z.object(rolloutFields()).register(z.globalRegistry, { id: "Rollout" }),
  z.globalRegistry,
);

export const rolloutReport = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        ...rolloutFields(),
        diff: z.array(z.string()),
        lost_prefix: z.object({ tokens: count, micros: z.nullable(count) }),
        evaluation: z.nullable(z.object({ name: z.string(), verdict: z.string(), url: z.optional(z.string()) })),
        decisions: z.array(
          z.object({
            at: moment,
            stage: count,
            decision: z.enum(["advance", "promote", "roll_back", "hold", "resume", "pause"]),
            reason: z.string(),
            hold: z.nullable(z.string()),
            evidence: z.optional(evidence),
          }),
        ),
        money: z.object({ baseline_micros: count, candidate_micros: count, candidate_extra_micros: z.int() }),
      })
      .register(z.globalRegistry, { id: "RolloutReport", description: "What a person attaches to a change request." }),
  z.globalRegistry,
);

export type AgentVersionJson = z.infer<typeof agentVersion>;
export type WholeVersionJson = z.infer<typeof wholeVersion>;
export type VersionDifferenceJson = z.infer<typeof versionDifference>;
export type RolloutJson = z.infer<typeof rollout>;
export type RolloutReportJson = z.infer<typeof rolloutReport>;

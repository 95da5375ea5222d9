/** Answers of the API for tests of the page: made by the code that answers, or checked by the schemas that describe it. `words`: texts that are used wherever the API has free text. */
import * as z from "zod/mini";
import { summarize } from "../../src/cli/eval/report/summarize.ts";
import { account, key } from "../../src/doors/shapes.ts";
import { deliverySpans } from "../../src/observe/delivery-spans.ts";
import { otlpTraces } from "../../src/observe/otlp-json.ts";
import { turnSpans } from "../../src/observe/turn-spans.ts";
import { newGuard, withTurn } from "../../src/rollout/guard.ts";
import { splitAlpha } from "../../src/rollout/plan.ts";
import { type RolloutRecord, reportJson } from "../../src/rollout/report.ts";
import { assumedFacts, smallestHarms } from "../../src/rollout/smallest-harm.ts";
import { agent, channelState, delivery, health } from "../../src/wire/account-shapes.ts";
import { agentDetails } from "../../src/wire/agent-shapes.ts";
import { entryJson } from "../../src/wire/native.ts";
import { listedTurn, session, turn } from "../../src/wire/shapes.ts";
import { facts, recordedTurn } from "../observe/recorded-turn.ts";
import { begun, plainTurn, plan } from "../rollout/simulate.ts";

/** The next of `words`, around and around; without any the given text. */
export type Wording = (plain: string) => string;

export function wordingOf(words: readonly string[]): Wording {
  let next = 0;
  return (plain) => (words.length === 0 ? plain : (words[next++ % words.length] ?? plain));
}

const usage = { input_tokens: 300, cached_tokens: 900, output_tokens: 120, reasoning_tokens: 20, steps: 2 };
const dayMs = 86_400_000;
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

export function turnsJson(say: Wording, count = 20) {
  const turns = Array.from({ length: count }, (_, place) => ({
    session: say(`order-${place}`),
    turn: `turn_${place + 1}`,
    agent: say("support"),
    version: say("v_3f9c2b7a10de"),
    model: say("deepseek-v3.2-exp"),
    reason: place % 4 === 0 ? ("failed" as const) : ("completed" as const),
    ...(place % 4 === 0 && { error: { code: say("model_unavailable"), detail: say("HTTP 503 at the provider.") } }),
    steps: 2,
    usage,
    cost_micros: 4_200 + 900 * place,
    ms: 900 + 700 * place,
    first_event_ms: place % 5 === 0 ? null : 240,
    ended_at: ago(place * 5 * 3_600_000),
  }));
  return { turns: z.array(listedTurn).parse(turns), next_cursor: null };
}

export function usageJson(group: string, say: Wording) {
  const keyOf = (place: number) => (group === "day" ? ago(place * 3 * dayMs).slice(0, 10) : say(`${group}-${place}`));
  const rows = Array.from({ length: group === "session" ? 20 : 4 }, (_, place) => ({
    [group]: keyOf(place),
    steps: 40 + place,
    failures: place,
    retries: 1,
    repairs: 0,
    ...{ input_tokens: 30_000, cached_tokens: 90_000 * (place + 1), output_tokens: 9_000, reasoning_tokens: 100 },
    cost_micros: 120_000 * (place + 1),
    first_event_ms: 300,
    duration_ms: 2_100,
    ...{ rows_written: 10, kv_reads: 0, kv_writes: 0 },
    feedback: { positive: 3, negative: 1, count: 4, average: 0.5 },
  }));
  return { group_by: group, usage: rows };
}

const tool = (say: Wording, effect: "none" | "unsafe") => ({
  name: effect === "none" ? "order_status" : "refund",
  description: say("Finds an order by its number."),
  effect,
  approval: effect === "none" ? null : ("always" as const),
});

export function agentsJson(say: Wording) {
  const about = { version: "v_3f9c2b7a10de", models: [say("deepseek-v3.2-exp")], channels: ["slack", "discord"] };
  const made = ["support", "writer"].map((id, place) => ({
    ...about,
    id: place === 0 ? id : say(id),
    default: place === 0,
    tools: [tool(say, "none"), tool(say, "unsafe")],
    doors: ["openai", "aiSdk", "mcp", "playground"],
  }));
  return { agents: z.array(agent).parse(made) };
}

export function agentDetailsJson(say: Wording) {
  const [first] = agentsJson(say).agents;
  const parameters = {
    type: "object",
    properties: {
      order: { type: "string", description: say("The number of the order.") },
      lines: { type: ["integer", "null"], description: say("How many lines.") },
      state: { enum: [say("open"), "closed"], description: "" },
      more: { type: "array", description: "" },
    },
    required: ["order"],
    additionalProperties: false,
  };
  return agentDetails.parse({
    ...{ id: first?.id, version: first?.version },
    instructions: say("You help the customers of a shop."),
    models: [
      {
        id: say("deepseek-v3.2-exp"),
        weight: 9,
        base_url: null,
        prices: { cached: 20_000, input: 216_000, output: 330_000 },
      },
      { id: say("deepseek-v4"), weight: 1, base_url: say("https://models.example/v1"), prices: null },
    ],
    tools: first?.tools.map((each) => ({ ...each, parameters })),
    limits: { max_steps: 12, turn_seconds: 1_800, wait_seconds: 86_400 },
    channels: [
      { name: "slack", configured: true, needs: "SLACK_SIGNING_SECRET" },
      { name: say("discord"), configured: false, needs: say("DISCORD_PUBLIC_KEY") },
    ],
  });
}

export function deliveriesJson(say: Wording) {
  const dead = {
    ...{ id: "dlv_1", status: "dead", session: "order-1", turn: "turn_1", channel: "slack", attempts: 7 },
    ...{ url: say("https://hooks.example/1"), error: say("channel_not_found"), died_at: ago(7_200_000) },
  };
  const channels = [
    { channel: "callback", delivered_at: ago(86_400_000), failed_at: null, error: null },
    { channel: "slack", delivered_at: ago(9_000_000), failed_at: ago(7_200_000), error: say("channel_not_found") },
  ];
  return { deliveries: z.array(delivery).parse([dead]), channels: z.array(channelState).parse(channels) };
}

export function versionsJson(say: Wording) {
  const versions = [
    { version: "v_3f9c2b7a10de", source: "code", created_at: null, note: null },
    { version: "v_77aa00bb11cc", source: "account", created_at: ago(dayMs), note: say("Shorter answers.") },
  ];
  return { agent: "support", versions };
}

export function versionDiffJson(say: Wording) {
  const prefix = { head_tokens: 1_400, lost_tokens: 1_200, lost_micros: 264, micros_per_thousand_tokens_after: 216 };
  return { diff: { changes: [say("instructions: line 1 replaced by 2 lines (10 -> 20 characters)")], prefix } };
}

/** One that runs, with some evidence and not enough. */
function rolloutRecord(say: Wording): RolloutRecord {
  const of = plan({
    agent: say("support"),
    candidate: say("v_77aa00bb11cc"),
    baseline: say("v_3f9c2b7a10de"),
    guardrails: splitAlpha([
      { metric: "failed_turns", worseBy: 0.05 },
      { metric: "cost_micros", worseBy: 0.3 },
      { metric: "first_event_ms", worseBy: 0.5 },
    ]),
    stages: [
      { share: 0.1, minSessions: 100, holdSeconds: 3_600 },
      { share: 1, minSessions: 1_000, holdSeconds: 0 },
    ],
  });
  let guard = newGuard(of);
  for (let n = 0; n < 80; n++) {
    guard = withTurn(guard, of, { ...plainTurn, arm: "baseline", costMicros: 1_000 + n });
    guard = withTurn(guard, of, { ...plainTurn, arm: "candidate", costMicros: 1_300 + n, failed: n % 16 === 0 });
  }
  return {
    ...{ id: "ro_4be1c2", createdAtMs: Date.now() - dayMs, plan: of, guard, lostTokens: 1_200, lostMicros: 264 },
    progress: begun,
    decisions: [{ kind: "pause", reason: say("A person looked at it."), atMs: Date.now() - 3_600_000, stage: 0 }],
    smallestHarms: of.guardrails.map((guardrail) => smallestHarms(of, guardrail, assumedFacts(guardrail.metric))),
    assumed: [true, false, false],
    diff: [say("instructions: line 1 replaced by 2 lines (10 -> 20 characters)")],
    verdict: { name: say("support cases"), verdict: say("not worse") },
  };
}

export function rolloutJson(say: Wording) {
  return reportJson(rolloutRecord(say));
}

export function accountJson(id: string) {
  const limits = { budget_micros: 25_000_000, rate_per_minute: 600, models: null };
  const spent = { spent_micros: 21_400_000, spent_in_all_micros: 61_000_000, reserved_micros: 90_000 };
  const period = { budget_period: "month", budget_resets_at: ago(-9 * dayMs) };
  return account.parse({ id, ...limits, ...period, ...spent, created_at: ago(40 * dayMs) });
}

export function keysJson(say: Wording) {
  const keys = [
    { id: say("k_1"), created_at: ago(9 * dayMs), revoked_at: null },
    { id: say("k_2"), created_at: ago(40 * dayMs), revoked_at: ago(9 * dayMs) },
  ];
  return { keys: z.array(key).parse(keys) };
}

export const healthJson = health.parse({ ok: true, version: "0.2.0", model: "deepseek-v3.2-exp", demo: false });

export function sessionsJson(say: Wording, count = 5) {
  const made = Array.from({ length: count }, (_, place) => ({
    ...{ id: `order-${place}`, agent: "support", agent_version: "v_3f9c2b7a10de", title: say(`Order ${place}`) },
    ...{
      metadata: {},
      model: "deepseek-v3.2-exp",
      prefix: null,
      status: place === 1 ? "waiting" : "idle",
      last_seq: 14,
    },
    usage: { ...usage, cost_micros: 4_200 },
    created_at: ago(place * dayMs),
    expires_at: null,
  }));
  return { sessions: z.array(session).parse(made), next_cursor: null };
}

/** The recorded turn, with the texts of its entries replaced. */
function entriesOf(say: Wording) {
  return recordedTurn.map((entry) => ("content" in entry ? { ...entry, content: say(entry.content) } : entry));
}

export function entriesJson(say: Wording) {
  const entries = entriesOf(say).map((entry) => entryJson(entry));
  return { entries, last_seq: entries.at(-1)?.seq ?? 0 };
}

export async function traceJson(say: Wording) {
  const [first] = recordedTurn;
  if (first === undefined) throw new Error("The recorded turn is empty.");
  const made = { id: "dlv_1", turn: first.turn, channel: say("slack"), failures: 1 };
  const times = { startMs: first.atMs + 90_000, endMs: first.atMs + 95_000 };
  const deliveries = await deliverySpans([{ ...made, ...times }], { ...facts, turn: first.turn }, first);
  const named = { ...facts, agent: say(facts.agent) };
  return otlpTraces([...(await turnSpans(entriesOf(say), named)), ...deliveries], { "service.name": "longline" });
}

export function turnJson(say: Wording) {
  const by = { label: null, comment: say("Wrong order."), by: null, created_at: ago(1_000) };
  const about = { session: "support-42", turn: "turn_3", status: "completed", usage, cost_micros: 4_200 };
  return turn.parse({ ...about, feedback: { score: -1, ...by } });
}

export function requestJson(say: Wording) {
  const messages = [
    { role: "system", content: say("You help the customers of a shop.") },
    { role: "user", content: say("Refund order 1017, please.") },
  ];
  const tools = [{ type: "function", function: { name: "order_status", parameters: {} } }];
  return { model: "deepseek-v3.2-exp", exact: true, body: { model: "deepseek-v3.2-exp", messages, tools } };
}

/** The file that `longline eval` writes for two arms, one of which is worse. */
export function evalSummaryText(say: Wording): string {
  const run = (arm: string, place: number) => ({
    ...{ answer: "", status: "completed", calls: [], steps: 1, model: "m", unmatched: [], unusedStubs: [] },
    ...{ inputTokens: 100, cachedTokens: 300, outputTokens: 20, costMicros: 900, firstEventMs: 200, durationMs: 1_500 },
    ...{ case: `case-${place}`, arm, trial: 1, missing: [], judgeCostMicros: 0, at: ago(1_000) },
    scores: { passed: arm === "new" && place % 2 === 0 ? 0 : 1 },
    faults: arm === "new" && place % 2 === 0 ? [say("the answer lacks “refund”")] : [],
  });
  const arms = ["old", "new"].map((name) => ({ name, agent: "support", version: say("v_1"), model: say("m") }));
  const cases = Array.from({ length: 12 }, (_, place) => ({ id: `case-${place}`, required: place === 0 }));
  type Summarized = Parameters<typeof summarize>[0];
  const dataset = { path: say("evals/cases.jsonl"), digest: "d", cases } as unknown as Summarized["dataset"];
  const results = arms.flatMap(({ name }) => cases.map((_, place) => run(name, place)));
  const summary = summarize({
    dataset,
    plan: { cases: "evals/cases.jsonl", digest: "d", trials: 1, arms, startedAt: ago(1_000) },
    results,
    preferences: [],
    baseline: undefined,
    margins: {},
    ended: { left: 0 },
    warnings: [say("a stub was never used")],
  });
  return JSON.stringify(summary);
}

import { describe, expect, it } from "vitest";
import { rolloutCreation } from "../../src/doors/rollouts/routes.ts";
import { limitChange, limitTexts, spentShare } from "../../src/playground/accounts/limits.ts";
import { argumentsText, formFields } from "../../src/playground/agents/schema-form.ts";
import { evalOutcome, readEvalReport } from "../../src/playground/rollouts/eval-report.ts";
import { metrics, newRolloutTexts, rolloutBody, rolloutFields } from "../../src/playground/rollouts/rollout-texts.ts";
import {
  actionsOf,
  evidencePlace,
  evidenceWords,
  harmWords,
  metricValue,
} from "../../src/playground/rollouts/rollout-view.ts";
import { snippets } from "../../src/playground/setup/snippets.ts";
import { setupSteps } from "../../src/playground/setup/steps.ts";
import { meanMetrics, rateMetrics } from "../../src/rollout/plan.ts";
import { accountJson, agentDetailsJson, agentsJson, evalSummaryText, healthJson, wordingOf } from "./samples.ts";

const plain = wordingOf([]);

describe("the limits of an account", () => {
  it("[PAGE-21] are the same after they were shown in a form, and an empty text takes one away", () => {
    const account = accountJson("acme");
    expect(limitChange(limitTexts(account))).toEqual({
      ...{ budget_micros: 25_000_000, budget_period: "month", rate_per_minute: 600, models: null },
    });
    const fields = { budget: " $0.5 ", period: "total", rate: "", models: " a, b\n" };
    expect(limitChange(fields)).toEqual({
      budget_micros: 500_000,
      budget_period: "total",
      rate_per_minute: null,
      models: ["a", "b"],
    });
    for (const budget of ["ten", "-1", "1e400x"])
      expect(limitChange({ ...fields, budget })).toMatch(/^The budget must/);
    for (const rate of ["0", "1.5", "x"]) expect(limitChange({ ...fields, rate })).toMatch(/^The rate must/);
  });

  it("[PAGE-21] show how much of the budget is used, reserved money counted, and nothing where there is none", () => {
    const account = accountJson("acme");
    expect(spentShare(account)).toBeCloseTo(0.8596);
    expect(spentShare({ ...account, budget_micros: null })).toBeNull();
    expect(spentShare({ ...account, budget_micros: 0 })).toBe(1);
    expect(spentShare({ ...account, budget_micros: 1 })).toBe(1);
  });
});

describe("a new rollout as a form", () => {
  it("[PAGE-31] is what the API takes, and a figure that is none goes to the server, which names its field", () => {
    const texts = newRolloutTexts("support", "v_1");
    const body = rolloutBody(texts);
    expect(rolloutCreation.parse(body)).toEqual({
      ...{ agent: "support", candidate: "v_1", key: "session" },
      stages: [
        { share: 0.01, min_sessions: 100 },
        { share: 0.1, min_sessions: 300 },
        { share: 1, min_sessions: 1 },
      ],
      guardrails: [
        { metric: "failed_turns", worse_by: 0.05 },
        { metric: "cost_micros", worse_by: 0.3 },
      ],
    });
    const wrong = { ...texts, holdback: "some", stages: [{ share: "ten", min_sessions: "", hold_seconds: "0" }] };
    const { error } = rolloutCreation.safeParse(rolloutBody(wrong));
    const named = error?.issues.map(({ path }) => path.join(".")) ?? [];
    expect(named).toEqual(["stages.0.share", "stages.0.min_sessions", "holdback"]);
    for (const name of named) expect(rolloutFields(wrong)).toContain(name);
    expect(metrics.toSorted()).toEqual([...rateMetrics, ...meanMetrics].toSorted());
  });
});

describe("a rollout", () => {
  it("[PAGE-22] can be paused, resumed, promoted and rolled back as its state allows, and not once it is over", () => {
    expect(actionsOf({ state: "running" })).toEqual(["pause", "promote", "rollback"]);
    for (const state of ["paused", "holding"] as const)
      expect(actionsOf({ state })).toEqual(["resume", "promote", "rollback"]);
    for (const state of ["rolled_back", "promoted"] as const) expect(actionsOf({ state })).toEqual([]);
  });

  it("[PAGE-22] has its evidence on a scale that reaches the line exactly when it is enough", () => {
    expect([evidencePlace(0.2, 60), evidencePlace(1, 60), evidencePlace(60, 60)]).toEqual([0, 0, 0.8]);
    expect(evidencePlace(59, 60)).toBeLessThan(0.8);
    expect(evidencePlace(61, 60)).toBeGreaterThan(0.8);
    expect(evidencePlace(1e300, 60)).toBe(1);
    expect(evidencePlace(1, 1)).toBe(0);
    expect([
      metricValue("failed_turns", 0.0213),
      metricValue("cost_micros", 1_300),
      metricValue("first_event_ms", null),
    ]).toEqual(["2.13 %", "$0.00130", "–"]);
    expect([evidenceWords(16.234), evidenceWords(1e300)]).toEqual(["16.2", "over a million"]);
    expect([harmWords(0.05), harmWords(-0.3), harmWords(0)]).toEqual(["+5 %", "−30 %", "0 %"]);
  });
});

describe("a report of an evaluation", () => {
  it("[PAGE-23] is read as `longline eval` wrote it", () => {
    const report = readEvalReport("summary.json", evalSummaryText(plain));
    if (typeof report === "string") throw new Error(report);
    expect(report.arms.map(({ name, cases, passedEvery }) => [name, cases, passedEvery])).toEqual([
      ["old", 12, 12],
      ["new", 12, 6],
    ]);
    const [comparison] = report.comparisons;
    expect(comparison).toMatchObject({
      candidate: "new",
      baseline: "old",
      scorers: [{ scorer: "passed", difference: -0.5 }],
    });
    expect(report.failed).toEqual([{ case: "case-0", arm: "new", faults: ["the answer lacks “refund”"] }]);
    expect(evalOutcome(report).dot).toBe("failed");
    expect([evalOutcome({ exitCode: 0, left: 0 }).dot, evalOutcome({ exitCode: 2, left: 3 }).words]).toEqual([
      "idle",
      "not finished: 3 runs are missing",
    ]);
  });

  it("[PAGE-23] is refused by the name of the file and of the field when it is none", () => {
    const whole = JSON.parse(evalSummaryText(plain));
    const read = (change: object) => readEvalReport("x.json", JSON.stringify({ ...whole, ...change }));
    expect(readEvalReport("x.json", "{")).toMatch(/^x\.json is no JSON/);
    expect(readEvalReport("x.json", "[]")).toMatch(/it must be an object/);
    expect(readEvalReport("x.json", " ".repeat(5_000_001))).toMatch(/too large/);
    for (const [change, fault] of [
      [{ arms: undefined }, "arms must be a list"],
      [{ arms: [null] }, "arms must be an object"],
      [{ arms: [{ ...whole.arms[0], costMicros: "1" }] }, "costMicros must be a number"],
      [{ arms: [{ ...whole.arms[0], interval: [0] }] }, "interval must be two numbers"],
      [{ exitCode: null }, "exitCode must be a number"],
      [{ failed: [{ case: 1 }] }, "case must be a text"],
      [{ comparisons: [{ candidate: "a", baseline: "b", scorers: {} }] }, "scorers must be a list"],
    ] as const)
      expect(read(change)).toBe(`x.json is no summary of an evaluation: ${fault}.`);
  });
});

describe("the input of a tool as a form", () => {
  const schema = {
    type: "object",
    properties: {
      order: { type: "string", description: "Its number." },
      cents: { type: ["integer", "null"] },
      gift: { type: "boolean" },
      kind: { anyOf: [{ type: "string", enum: ["a", "b"] }, { type: "null" }] },
      lines: { type: "array", items: { type: "string" } },
      mixed: { type: ["string", "number"] },
    },
    required: ["order", "cents", "gift", "kind"],
  };

  it("[PAGE-24] has a field of the right kind for each property, optional where it may be null or left out", () => {
    expect(formFields(schema).map(({ name, kind, isRequired }) => `${name} ${kind} ${isRequired}`)).toEqual([
      "order text true",
      "cents number false",
      "gift boolean true",
      "kind choice false",
      "lines json false",
      "mixed json false",
    ]);
    expect(formFields(schema)[3]?.options).toEqual(["a", "b"]);
    for (const strange of [undefined, null, 7, "x", [], { properties: [] }, { properties: { a: 1 } }])
      expect(formFields(strange).length).toBeLessThanOrEqual(1);
  });

  it("[PAGE-24] gives the arguments that were entered, or names the field that is wrong", () => {
    const fields = formFields(schema);
    const entered = { order: "17", cents: "250", gift: "true", kind: "b", lines: '["x"]' };
    expect(argumentsText(fields, entered)).toEqual({
      text: '{"order":"17","cents":250,"gift":true,"kind":"b","lines":["x"]}',
    });
    expect(argumentsText(fields, {})).toEqual({ text: '{"order":"","gift":false}' });
    expect(argumentsText(fields, { cents: "many" })).toEqual({ fault: "cents must be a number." });
    expect(argumentsText(fields, { lines: "[" })).toEqual({ fault: "lines must be JSON." });
    const needed = formFields({ properties: { n: { type: "number" } }, required: ["n"] });
    expect(argumentsText(needed, {})).toEqual({ fault: "n must be given." });
  });
});

describe("the setup of an app", () => {
  const { channels } = agentDetailsJson(plain);
  const [agent = { channels: [] }] = agentsJson(plain).agents;
  const facts = { origin: "https://my.example", health: healthJson, agent, channels };

  it("[PAGE-25] names what the app has: done, or missing with the next click; nothing that it does not have", () => {
    const steps = setupSteps(facts);
    expect(steps.map(({ title, state }) => [title, state])).toEqual([
      ["Model", "done"],
      ["Slack", "done"],
      ["Discord", "missing"],
    ]);
    expect(steps[2]?.actions.map(({ text, link }) => text ?? link)).toEqual([
      "https://discord.com/developers/applications",
      "npx wrangler secret put DISCORD_PUBLIC_KEY",
      "npx wrangler secret put DISCORD_APPLICATION_ID",
      "npx wrangler secret put DISCORD_BOT_TOKEN",
      "https://my.example/channels/discord",
      "npx longline discord register",
    ]);
    expect(setupSteps({ ...facts, agent: { channels: [] }, channels: [] }).map(({ title }) => title)).toEqual([
      "Model",
    ]);
  });

  it("[PAGE-25] on this computer it names the file for secrets, and says why Slack cannot reach it", () => {
    const demo = { ...healthJson, demo: true };
    const steps = setupSteps({ ...facts, origin: "http://127.0.0.1:8787", health: demo, channels: undefined });
    expect(steps.map(({ state }) => state)).toEqual(["missing", "unknown", "unknown"]);
    expect(steps[0]?.actions).toEqual([{ words: "Add to .dev.vars, and start again", text: "MODEL_API_KEY=…" }]);
    expect(steps[1]?.actions[0]?.words).toMatch(/tunnel/);
    const link = new URL(steps[1]?.actions[1]?.link ?? "");
    expect(link.origin).toBe("https://api.slack.com");
  });

  it("[PAGE-25] shows how to reach it by the doors that it has", () => {
    const of = { origin: "https://my.example", session: "s", key: "$KEY", model: "m" };
    const titles = (doors: string[]) => snippets({ ...of, doors }).map(({ title }) => title);
    expect(titles([])).toEqual(["curl: stream a turn", "Typed client", "EventSource, in a browser"]);
    expect(titles(["openai", "aiSdk", "mcp"])).toEqual([
      ...titles([]),
      ...["OpenAI, JavaScript", "OpenAI, Python", "AI SDK, React", "MCP"],
    ]);
    for (const { text } of snippets({ ...of, doors: ["openai", "aiSdk", "mcp"] }))
      expect(text).toContain("https://my.example");
  });
});

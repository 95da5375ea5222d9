import { describe, expect, it } from "vitest";
import { decide, progressAfter, type RolloutDecision } from "../../src/rollout/decide.ts";
import { newGuard, withTurn } from "../../src/rollout/guard.ts";
import { splitAlpha } from "../../src/rollout/plan.ts";
import { type RolloutRecord, reportJson } from "../../src/rollout/report.ts";
import { reportMarkdown } from "../../src/rollout/report-markdown.ts";
import { assumedFacts, smallestHarms } from "../../src/rollout/smallest-harm.ts";
import { begun, plainTurn, plan } from "./simulate.ts";

const of = plan({
  guardrails: splitAlpha([
    { metric: "failed_turns", worseBy: 0.05 },
    { metric: "cost_micros", worseBy: 0.3 },
  ]),
  stages: [
    { share: 0.5, minSessions: 100, holdSeconds: 60 },
    { share: 1, minSessions: 1, holdSeconds: 0 },
  ],
  holdback: 0.05,
});

function record(): RolloutRecord {
  let guard = newGuard(of);
  for (let n = 0; n < 60; n++) {
    guard = withTurn(guard, of, { ...plainTurn, arm: "baseline", costMicros: 1_000 + n });
    guard = withTurn(guard, of, { ...plainTurn, arm: "candidate", costMicros: 2_000 + n, failed: n % 2 === 0 });
  }
  const decision = decide({ plan: of, guard, progress: begun, nowMs: 1_000 }) as RolloutDecision;
  return {
    ...{ id: "ro_1", createdAtMs: 0, plan: of, guard, lostTokens: 1_200, lostMicros: 264 },
    progress: progressAfter(begun, decision, 1_000),
    decisions: [{ ...decision, atMs: 1_000, stage: 0 }],
    smallestHarms: of.guardrails.map((guardrail) => smallestHarms(of, guardrail, assumedFacts(guardrail.metric))),
    assumed: [true, false],
    diff: ["instructions: line 1 replaced by 2 lines (10 -> 20 characters)"],
    verdict: { name: "support cases", verdict: "passed", url: "https://ci.example/7" },
  };
}

describe("the report of a rollout", () => {
  it("[ROLLOUT-10] has versions, what changes, the verdict named, stages, counts, intervals, decisions and money", () => {
    const report = reportJson(record());
    expect(report).toMatchObject({
      ...{ id: "ro_1", candidate: "v_new", baseline: "v_old", state: "rolled_back", share: 0, holdback: 0.05 },
      diff: [expect.stringContaining("instructions")],
      lost_prefix: { tokens: 1_200, micros: 264 },
      evaluation: { verdict: "passed" },
      decisions: [{ decision: "roll_back", at: "1970-01-01T00:00:01.000Z", evidence: { metric: "failed_turns" } }],
      money: { baseline_micros: 61_770, candidate_micros: 121_770, candidate_extra_micros: 60_000 },
    });
    const [first, second] = report.stages;
    expect(first).toMatchObject({
      ...{ share: 0.5, min_sessions: 100, hold_seconds: 60, state: "current" },
      candidate: { sessions: 60, turns: 60, metrics: { failed_turns: 30, cost_micros_per_turn: 2_030 } },
      smallest_harm: [
        { metric: "failed_turns", assumed: true, enough: false },
        { metric: "cost_micros", assumed: false },
      ],
    });
    expect(second).toMatchObject({ state: "waiting", candidate: null });
    const [failed] = report.evidence;
    expect(failed?.candidate).toMatchObject({ sessions: 60, value: 0.5 });
    // Wilson's interval of 30 of 60.
    expect(failed?.candidate.interval_95?.map((each) => each.toFixed(3))).toEqual(["0.377", "0.623"]);
    expect(report.evidence.find(({ metric }) => metric === "cost_micros")?.interval?.[0]).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("[ROLLOUT-10] says the same in Markdown", () => {
    const text = reportMarkdown(reportJson(record()));
    expect(text).toContain("# Rollout ro_1: support, v_old -> v_new");
    expect(text).toContain("State: **rolled_back**");
    expect(text).toContain("Evaluation: support cases: **passed** (<https://ci.example/7>)");
    expect(text).toContain(
      "| failed_turns | 1 | 0 % over 60 (0 % to 6 %) | 50 % over 60 (37.7 % to 62.3 %) | 50 % | 5 % |",
    );
    expect(text).toContain("roll_back");
    expect(text).toContain("Baseline $0.061770, candidate $0.121770");
    for (const table of text.split("\n\n").filter((part) => part.startsWith("|"))) {
      const cells = table.split("\n").map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(cells).size).toBe(1);
    }
  });

  it("[ROLLOUT-10] text that somebody wrote breaks no line, table or link of it", () => {
    const hostile = "a | b\n# c <script>alert(1)</script> `d` [e](javascript:f)";
    const text = reportMarkdown(reportJson({ ...record(), diff: [hostile], verdict: { name: hostile, verdict: "x" } }));
    expect(text).not.toMatch(/^# c/m);
    expect(text).not.toContain("<script>");
    expect(text).not.toMatch(/(?<!\\)\[e\]/);
  });

  it("[ROLLOUT-10] one that has just begun can be reported, too", () => {
    const fresh = {
      ...record(),
      guard: newGuard(of),
      progress: begun,
      decisions: [],
      verdict: undefined,
      lostTokens: 0,
    };
    const text = reportMarkdown(reportJson(fresh));
    expect(text).toContain("None yet.");
    expect(text).toContain("The cached head of requests is kept.");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

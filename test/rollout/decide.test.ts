import { describe, expect, it } from "vitest";
import {
  type Action,
  decide,
  decisionOf,
  nextLookMs,
  progressAfter,
  type RolloutDecision,
  type RolloutProgress,
  silenceMs,
} from "../../src/rollout/decide.ts";
import { type CountedTurn, type GuardState, newGuard, nextStage, withTurn } from "../../src/rollout/guard.ts";
import { planFault, type RolloutPlan, splitAlpha } from "../../src/rollout/plan.ts";
import { begun, plainTurn, plan } from "./simulate.ts";

const staged = plan({
  stages: [
    { share: 0.1, minSessions: 3, holdSeconds: 60 },
    { share: 1, minSessions: 2, holdSeconds: 0 },
  ],
});
const counted = (of: RolloutPlan, count: number, turn: Partial<CountedTurn>, from = newGuard(of)): GuardState =>
  Array.from({ length: count }).reduce<GuardState>((guard) => withTurn(guard, of, { ...plainTurn, ...turn }), from);
const candidates = (of: RolloutPlan, count: number, turn: Partial<CountedTurn> = {}, from = newGuard(of)) =>
  counted(of, count, { arm: "candidate", ...turn }, from);
const at = (
  of: RolloutPlan,
  guard: GuardState,
  progress: Partial<RolloutProgress>,
  nowMs = 0,
): RolloutDecision | undefined => decide({ plan: of, guard, progress: { ...begun, ...progress }, nowMs });
const harmful = (of: RolloutPlan, candidate = 0.5): GuardState => {
  let guard = newGuard(of);
  for (let n = 0; n < 400; n++) {
    guard = withTurn(guard, of, { ...plainTurn, arm: "baseline" });
    guard = withTurn(guard, of, { ...plainTurn, arm: "candidate", failed: n >= 20 && n % 100 < candidate * 100 });
  }
  return guard;
};

describe("the plan of a rollout", () => {
  const [stage] = staged.stages as [(typeof staged.stages)[number]];
  const [guardrail] = staged.guardrails as [(typeof staged.guardrails)[number]];
  it.each<[string, Partial<RolloutPlan>, string]>([
    ["the baseline as its candidate", { candidate: "v_old" }, "candidate"],
    ["no stage", { stages: [] }, "stages"],
    ["too many stages", { stages: Array.from({ length: 21 }, () => stage) }, "stages"],
    [
      "stages that shrink",
      {
        stages: [
          { ...stage, share: 0.5 },
          { ...stage, share: 0.1 },
        ],
      },
      "stages[1].share",
    ],
    ["a share above 1", { stages: [{ ...stage, share: 1.1 }] }, "stages[0].share"],
    ["a share of 0", { stages: [{ ...stage, share: 0 }] }, "stages[0].share"],
    ["a share that is no number", { stages: [{ ...stage, share: Number.NaN }] }, "stages[0].share"],
    ["no sessions", { stages: [stage, { ...stage, minSessions: 0 }] }, "stages[1].min_sessions"],
    ["half a session", { stages: [{ ...stage, minSessions: 1.5 }] }, "stages[0].min_sessions"],
    ["a hold below 0", { stages: [{ ...stage, holdSeconds: -1 }] }, "stages[0].hold_seconds"],
    ["a hold of a year", { stages: [{ ...stage, holdSeconds: 31_536_000 }] }, "stages[0].hold_seconds"],
    ["one metric twice", { guardrails: [guardrail, guardrail] }, "guardrails[1].metric"],
    ["no harm", { guardrails: [{ ...guardrail, worseBy: 0 }] }, "guardrails[0].worse_by"],
    ["a rate above 0.9", { guardrails: [{ ...guardrail, worseBy: 5 }] }, "guardrails[0].worse_by"],
    ["an alpha of 1", { guardrails: [{ ...guardrail, alpha: 1 }] }, "guardrails[0].alpha"],
    ["feedback alone", { guardrails: [{ ...guardrail, metric: "negative_feedback" }] }, "guardrails[0].metric"],
    ["all held back", { holdback: 0.9 }, "holdback"],
  ])("[ROLLOUT-3] with %s is refused by the field", (_, wrong, field) => {
    const fault = planFault({ ...staged, ...wrong });
    expect(fault?.field).toBe(field);
    expect(fault?.detail.length).toBeGreaterThan(10);
  });

  it("[ROLLOUT-3] that can be carried out is not refused", () => {
    expect(planFault(staged)).toBeUndefined();
    expect(planFault({ ...staged, guardrails: [], holdback: 0.5 })).toBeUndefined();
    const metrics = splitAlpha([
      { metric: "cost_micros", worseBy: 5 },
      { metric: "negative_feedback", worseBy: 0.1 },
    ]);
    expect(planFault({ ...staged, guardrails: metrics })).toBeUndefined();
  });
});

describe("what a rollout does next", () => {
  it("[ROLLOUT-4] a stage ends when it has its keys on the candidate and its time is over, and not before", () => {
    expect(at(staged, candidates(staged, 2), {}, 60_000)).toBeUndefined();
    expect(at(staged, candidates(staged, 3), {}, 59_999)).toBeUndefined();
    const done = at(staged, candidates(staged, 3), {}, 60_000);
    expect(done).toMatchObject({ kind: "advance" });
    expect(progressAfter(begun, done as RolloutDecision, 60_000)).toMatchObject({
      state: "running",
      stage: 1,
      stageStartedAtMs: 60_000,
    });
    // Baseline keys alone, and more turns of the same keys, are not enough.
    expect(at(staged, counted(staged, 50, { arm: "baseline" }), {}, 60_000)).toBeUndefined();
    expect(at(staged, candidates(staged, 50, { ordinal: 2 }), {}, 60_000)).toBeUndefined();
  });

  it("[ROLLOUT-4] after the last stage a rollout to all keys is promoted; one to fewer holds for a person", () => {
    const last = { stage: 1 };
    const second = nextStage(newGuard(staged), staged);
    expect(at(staged, candidates(staged, 2, { stage: 1 }, second), last)).toMatchObject({ kind: "promote" });
    const half = { ...staged, stages: [{ share: 0.5, minSessions: 2, holdSeconds: 0 }] };
    const held = at(half, candidates(half, 2), {});
    expect(held).toMatchObject({ kind: "hold", hold: "last_stage" });
    const resumed = progressAfter(
      progressAfter(begun, held as RolloutDecision, 0),
      decisionOf("resume", progressAfter(begun, held as RolloutDecision, 0), "a person") as RolloutDecision,
      0,
    );
    expect(resumed).toMatchObject({ state: "running", waived: ["last_stage"] });
    expect(at(half, candidates(half, 2), resumed)).toBeUndefined();
  });

  it("[ROLLOUT-5] without a key for a day it holds, and it goes on by itself with the next key", () => {
    expect(at(staged, newGuard(staged), {}, silenceMs - 1)).toBeUndefined();
    const held = at(staged, newGuard(staged), {}, silenceMs) as RolloutDecision;
    expect(held).toMatchObject({ kind: "hold", hold: "no_traffic" });
    const holding = progressAfter(begun, held, silenceMs);
    expect(at(staged, newGuard(staged), holding, 2 * silenceMs)).toBeUndefined();
    const nowMs = 3 * silenceMs;
    const back = at(staged, candidates(staged, 1), { ...holding, lastKeyAtMs: nowMs }, nowMs) as RolloutDecision;
    expect(back).toMatchObject({ kind: "resume" });
    expect(progressAfter(holding, back, nowMs)).toMatchObject({ state: "running", hold: null, waived: [] });
  });

  it("[ROLLOUT-5] the next look is at the end of the stage's time, or when a day without keys is over", () => {
    const look = (guard: GuardState, progress: Partial<RolloutProgress> = {}) =>
      nextLookMs({ plan: staged, guard, progress: { ...begun, ...progress } });
    expect(look(newGuard(staged))).toBe(silenceMs);
    expect(look(candidates(staged, 1), { lastKeyAtMs: 5_000 })).toBe(silenceMs + 5_000);
    expect(look(candidates(staged, 3))).toBe(60_000);
    for (const state of ["paused", "holding", "promoted", "rolled_back"] as const)
      expect(look(candidates(staged, 3), { state })).toBeUndefined();
  });

  it.each(["running", "paused", "holding"] as const)(
    "[ROLLOUT-6] proven harm rolls it back while it is %s, with the figures",
    (state) => {
      const decision = at(plan(), harmful(plan()), { state });
      expect(decision).toMatchObject({ kind: "roll_back", finding: { metric: "failed_turns", ordinal: 1 } });
      expect(decision?.reason).toMatch(
        /^failed_turns: 45 % over 400 keys on the candidate, 0 % over 400 on the baseline; evidence \d+, where \d+ is needed\.$/,
      );
    },
  );

  it.each(["rolled_back", "promoted"] as const)("[ROLLOUT-6] nothing is decided any more once it is %s", (state) => {
    expect(at(plan(), harmful(plan()), { state }, 100 * silenceMs)).toBeUndefined();
  });

  it("[ROLLOUT-6] a blown fuse rolls it back", () => {
    expect(at(plan(), candidates(plan(), 6, { failed: true }), {})).toMatchObject({ kind: "roll_back" });
  });

  it("[ROLLOUT-7] harm that is proven, and less than half of what was to be seen, holds it for a person, once a stage", () => {
    const of = plan({ guardrails: splitAlpha([{ metric: "failed_turns", worseBy: 0.4 }]) });
    const guard = harmful(of, 0.2);
    const held = at(of, guard, {}) as RolloutDecision;
    expect(held).toMatchObject({ kind: "hold", hold: "small_harm" });
    const holding = progressAfter(begun, held, 0);
    const resumed = progressAfter(holding, decisionOf("resume", holding, "a person") as RolloutDecision, 0);
    expect(at(of, guard, resumed)).toBeUndefined();
    const next = progressAfter(resumed, { kind: "advance", reason: "" }, 0);
    expect(next.waived).toEqual([]);
  });

  it("[GUARD-7] keys that do not arrive by the share hold it; a person who resumes it is not asked again in the stage", () => {
    const guard = counted(plan(), 100, { arm: "baseline" });
    const held = at(plan(), guard, {}) as RolloutDecision;
    expect(held).toMatchObject({ kind: "hold", hold: "sample_ratio" });
    const holding = progressAfter(begun, held, 0);
    expect(
      at(plan(), guard, progressAfter(holding, decisionOf("resume", holding, "a person") as RolloutDecision, 0)),
    ).toBeUndefined();
  });

  it("[ROLLOUT-8] a person's action is taken in the states that allow it, and in no other", () => {
    const states = ["running", "paused", "holding", "rolled_back", "promoted"] as const;
    const taken = (["pause", "resume", "promote", "rollback"] satisfies Action[]).map((action) => [
      action,
      states.filter((state) => decisionOf(action, { ...begun, state }, "a person") !== undefined).join(" "),
    ]);
    expect(Object.fromEntries(taken)).toEqual({
      pause: "running holding",
      resume: "paused holding",
      promote: "running paused holding",
      rollback: "running paused holding promoted",
    });
  });

  it("[ROLLOUT-8] a paused rollout does not advance, and goes on where it was", () => {
    const paused = progressAfter(begun, decisionOf("pause", begun, "a person") as RolloutDecision, 0);
    expect(at(staged, candidates(staged, 3), paused, 60_000)).toBeUndefined();
    const resumed = progressAfter(paused, decisionOf("resume", paused, "a person") as RolloutDecision, 60_000);
    expect(at(staged, candidates(staged, 3), resumed, 60_000)).toMatchObject({ kind: "advance" });
  });

  it("[ROLLOUT-9] the same situation gives the same decision, and it can be stored and read back", () => {
    const situation = { plan: plan(), guard: harmful(plan()), progress: begun, nowMs: 7 };
    const read = JSON.parse(JSON.stringify(situation));
    expect(decide(read)).toEqual(decide(situation));
  });
});

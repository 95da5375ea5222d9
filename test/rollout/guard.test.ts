import { describe, expect, it } from "vitest";
import { chanceOf } from "../../src/rollout/assignment.ts";
import {
  type CountedTurn,
  findings,
  fuseBlown,
  type GuardState,
  newGuard,
  nextStage,
  ordinals,
  withFeedback,
  withTurn,
} from "../../src/rollout/guard.ts";
import { compareMeans } from "../../src/rollout/mean-evidence.ts";
import { type RolloutPlan, splitAlpha, totalAlpha } from "../../src/rollout/plan.ts";
import { noRateEvidence, rateEvidence, withRateSample } from "../../src/rollout/rate-evidence.ts";
import { noRatio, ratioAlpha, ratioEvidence, withArrival } from "../../src/rollout/sample-ratio.ts";
import { randomOf } from "../support/random.ts";
import { plainTurn, plan } from "./simulate.ts";

const costPlan = plan({ guardrails: splitAlpha([{ metric: "cost_micros", worseBy: 0.3 }]) });
const guardOf = (of: RolloutPlan, turns: readonly Partial<CountedTurn>[], from = newGuard(of)): GuardState =>
  turns.reduce((guard, turn) => withTurn(guard, of, { ...plainTurn, ...turn }), from);
const stageOf = (share: number) => ({ share, minSessions: 10, holdSeconds: 0 });
const many = (count: number, turn: Partial<CountedTurn>) => Array.from({ length: count }, () => turn);
/** Both arms in turn, so that neither comes first. */
const both = (count: number, of: (arm: "baseline" | "candidate", n: number) => Partial<CountedTurn>) =>
  Array.from({ length: count }, (_, n) => [
    { arm: "baseline" as const, ...of("baseline", n) },
    { arm: "candidate" as const, ...of("candidate", n) },
  ]).flat();

describe("the evidence of a rate", () => {
  /** The expected factor of one more key, over both arms and both outcomes. */
  function expectedFactor(
    share: number,
    rates: { baseline: number; candidate: number },
    before = noRateEvidence(),
  ): number {
    const now = rateEvidence(before);
    const outcomes = (["baseline", "candidate"] as const).flatMap((arm) =>
      [true, false].map((isEvent) => {
        const ofArm = arm === "candidate" ? share : 1 - share;
        const ofOutcome = isEvent ? rates[arm] : 1 - rates[arm];
        return ofArm * ofOutcome * rateEvidence(withRateSample(before, { arm, isEvent, share }, 0.05));
      }),
    );
    return outcomes.reduce((sum, each) => sum + each, 0) / now;
  }

  const random = randomOf(7);
  const histories = Array.from({ length: 20 }, (_, n) => {
    let evidence = noRateEvidence();
    for (let key = 0; key < n * 10; key++) {
      const arm = random() < 0.5 ? "candidate" : "baseline";
      evidence = withRateSample(evidence, { arm, isEvent: random() < 0.1, share: 0.5 }, 0.05);
    }
    return evidence;
  });

  it("[GUARD-5] one more key multiplies it by exactly 1 on average when the arms are alike, whatever was seen before, the share and the rate", () => {
    for (const before of histories)
      for (const share of [0.01, 0.1, 0.5, 0.9])
        for (const rate of [0, 0.001, 0.02, 0.5, 0.97, 1])
          expect(expectedFactor(share, { baseline: rate, candidate: rate }, before)).toBeCloseTo(1, 10);
  });

  it("[GUARD-5] and by less when the candidate is better, by more when it is worse", () => {
    for (const before of histories) {
      expect(expectedFactor(0.5, { baseline: 0.1, candidate: 0.05 }, before)).toBeLessThan(1);
      expect(expectedFactor(0.1, { baseline: 0.02, candidate: 0 }, before)).toBeLessThan(1);
      expect(expectedFactor(0.5, { baseline: 0.02, candidate: 0.1 }, before)).toBeGreaterThan(1);
    }
  });

  it("[GUARD-5] it proves nothing where one arm has all keys, and stays a number however bad it gets", () => {
    let evidence = noRateEvidence();
    for (let key = 0; key < 1_000; key++)
      evidence = withRateSample(evidence, { arm: "candidate", isEvent: true, share: 1 }, 0.05);
    expect(rateEvidence(evidence)).toBeCloseTo(1, 6);
    for (let key = 0; key < 5_000; key++) {
      evidence = withRateSample(evidence, { arm: "candidate", isEvent: true, share: 0.5 }, 0.05);
      evidence = withRateSample(evidence, { arm: "baseline", isEvent: false, share: 0.5 }, 0.05);
    }
    expect(rateEvidence(evidence)).toBe(1e12);
    expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
  });
});

describe("what counts", () => {
  it("[GUARD-6] each key counts once in a test: its third, fourth and later turns change no evidence", () => {
    const of = plan();
    const first = guardOf(
      of,
      both(20, (_, n) => ({ ordinal: 1, failed: n === 3 })),
    );
    const later = guardOf(
      of,
      [3, 4, 6, 7, 100].flatMap((ordinal) => many(5, { arm: "candidate", ordinal, failed: true })),
      first,
    );
    expect(findings(later, of)).toEqual(findings(first, of));
    expect(later.stages[0]?.candidate).toMatchObject({ keys: 20, turns: 45, failedTurns: 26 });
  });

  it("[GUARD-6] harm that shows in the second or the fifth turn only is found by a test of its own", () => {
    const of = plan();
    for (const ordinal of [2, 5]) {
      const guard = guardOf(
        of,
        both(150, (arm) => ({ ordinal, failed: arm === "candidate" })),
      );
      const passed = findings(guard, of).filter(({ evidence, needed }) => evidence >= needed);
      expect(passed.map((each) => each.ordinal)).toEqual([ordinal]);
    }
  });

  it("[GUARD-9] guardrails without an alpha share 5 % equally, and the tests of one guardrail share its alpha", () => {
    const split = splitAlpha([
      { metric: "failed_turns", worseBy: 0.05 },
      { metric: "tool_errors", worseBy: 0.05, alpha: 0.01 },
      { metric: "cost_micros", worseBy: 0.3 },
    ]);
    expect(split.map(({ alpha }) => alpha)).toEqual([totalAlpha / 2, 0.01, totalAlpha / 2]);
    expect(ordinals.reduce((sum, { part }) => sum + part, 0)).toBeCloseTo(1, 12);
    const of = plan({ guardrails: split });
    const needed = findings(newGuard(of), of).filter(({ metric }) => metric === "cost_micros");
    expect(needed.reduce((sum, each) => sum + 1 / each.needed, 0)).toBeCloseTo(totalAlpha / 2, 12);
  });

  it.each<[string, Partial<CountedTurn>, RolloutPlan["guardrails"][number]["metric"]]>([
    ["a failed turn", { failed: true }, "failed_turns"],
    ["a tool's error", { toolErrors: 2 }, "tool_errors"],
    ["a repair", { repairs: 1 }, "repairs"],
  ])("[GUARD-6] %s is an event of its metric alone", (_, turn, metric) => {
    const guardrails = splitAlpha(
      (["failed_turns", "tool_errors", "repairs"] as const).map((each) => ({ metric: each, worseBy: 0.05 })),
    );
    const of = plan({ guardrails });
    const found = findings(guardOf(of, [{ arm: "candidate", ...turn }]), of).filter(({ ordinal }) => ordinal === 1);
    expect(found.filter(({ harm }) => harm > 0).map((each) => each.metric)).toEqual([metric]);
  });

  it("[GUARD-6] a turn that a user stopped, or that the budget ended, counts neither for nor against a version", () => {
    const of = plan();
    const guard = guardOf(of, many(50, { arm: "candidate", failed: null }));
    expect(findings(guard, of).map(({ candidate, evidence }) => [candidate.keys, evidence])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(fuseBlown(guard)).toBe(false);
    expect(guard.stages[0]?.candidate.turns).toBe(50);
  });

  it("[GUARD-11] cost and time count from an arm's first cached token on, or from its twentieth turn", () => {
    const cost = (guard: GuardState) => findings(guard, costPlan)[0];
    const cold = guardOf(
      costPlan,
      both(19, () => ({ cachedTokens: 0, costMicros: 9_000 })),
    );
    expect(cost(cold)).toMatchObject({ baseline: { keys: 0 }, candidate: { keys: 0 } });
    const warm = guardOf(costPlan, [{ arm: "candidate", cachedTokens: 64 }, { arm: "candidate" }], cold);
    expect(cost(warm)).toMatchObject({ baseline: { keys: 0 }, candidate: { keys: 1 } });
    const never = guardOf(
      costPlan,
      both(30, () => ({ cachedTokens: 0 })),
      cold,
    );
    expect(cost(never)).toMatchObject({ baseline: { keys: 29 }, candidate: { keys: 29 } });
  });

  it("[GUARD-12] what all keys cost may change from stage to stage: the arms are compared within each", () => {
    const of = plan({
      ...costPlan,
      stages: [
        { share: 0.1, minSessions: 50, holdSeconds: 0 },
        { share: 0.9, minSessions: 900, holdSeconds: 0 },
      ],
    });
    const stage = (at: number, counts: { baseline: number; candidate: number }, costMicros: number) =>
      (["baseline", "candidate"] as const).flatMap((arm) =>
        Array.from({ length: counts[arm] }, (_, n) => ({ arm, stage: at, costMicros: costMicros + (n % 7) })),
      );
    const first = guardOf(of, stage(0, { baseline: 450, candidate: 50 }, 1_000));
    const second = guardOf(of, stage(1, { baseline: 100, candidate: 900 }, 3_000), nextStage(first, of));
    const [found] = findings(second, of);
    expect(Math.abs(found?.harm ?? 1)).toBeLessThan(0.001);
    expect(found?.evidence).toBeLessThan(1);
  });

  it("[GUARD-13] a turn that began in an earlier stage is summed there, and proves nothing any more", () => {
    const of = plan({
      stages: [
        { share: 0.1, minSessions: 5, holdSeconds: 0 },
        { share: 0.5, minSessions: 5, holdSeconds: 0 },
      ],
    });
    const before = nextStage(
      guardOf(
        of,
        both(5, () => ({})),
      ),
      of,
    );
    const after = guardOf(of, many(30, { arm: "candidate", stage: 0, failed: true }), before);
    expect(findings(after, of)).toEqual(findings(before, of));
    expect(after.stages.map(({ candidate }) => candidate.turns)).toEqual([35, 0]);
    expect(fuseBlown(after)).toBe(false);
    expect(after.ratio).toEqual(noRatio());
  });

  it("[GUARD-14] of feedback only keys that gave some count", () => {
    const of = plan({
      guardrails: splitAlpha([
        { metric: "negative_feedback", worseBy: 0.1 },
        { metric: "failed_turns", worseBy: 0.05 },
      ]),
    });
    let guard = guardOf(
      of,
      both(100, () => ({})),
    );
    expect(findings(guard, of)[0]).toMatchObject({ baseline: { keys: 0 }, candidate: { keys: 0 }, evidence: 1 });
    for (let n = 0; n < 60; n++) {
      guard = withFeedback(guard, of, { arm: "baseline", stage: 0, isNegative: n < 6, chance: 0.5 });
      guard = withFeedback(guard, of, { arm: "candidate", stage: 0, isNegative: n % 2 === 0, chance: 0.5 });
    }
    const [found] = findings(guard, of);
    expect(found).toMatchObject({ baseline: { keys: 60, value: 0.1 }, candidate: { keys: 60, value: 0.5 } });
    expect(found?.evidence).toBeGreaterThan(found?.needed ?? Number.POSITIVE_INFINITY);
    expect(guard.stages[0]?.candidate).toMatchObject({ rated: 60, negative: 30 });
  });
});

describe("keys that come again", () => {
  it("[GUARD-15] a key is compared as far as its arm was open when it came: a new one by the share, one of the baseline by what has moved since, one of the candidate not at all", () => {
    const was = (arm: "baseline" | "candidate", share: number) => ({ arm, share });
    expect(chanceOf(0.5, [])).toBe(0.5);
    expect(chanceOf(0.5, [was("baseline", 0.1)])).toBeCloseTo(4 / 9, 12);
    expect(chanceOf(0.5, [was("baseline", 0.01), was("baseline", 0.1)])).toBeCloseTo(4 / 9, 12);
    expect(chanceOf(0.5, [was("baseline", 0.1), was("candidate", 0.3)])).toBe(1);
    expect(chanceOf(0.5, [was("baseline", 0.5)])).toBe(0);
  });

  it("[GUARD-15] what a key of the candidate does again in the next stage is summed, and proves nothing", () => {
    const of = plan({ stages: [stageOf(0.1), stageOf(0.5)] });
    const start = nextStage(newGuard(of), of);
    const again = { arm: "candidate", stage: 1, failed: true } as const;
    const guard = guardOf(
      of,
      [
        { ...again, chance: 1 },
        { ...again, arm: "baseline", chance: 0 },
      ],
      start,
    );
    expect(findings(guard, of)).toEqual(findings(start, of));
    expect(guard.stages[1]?.candidate).toMatchObject({ keys: 1, failedTurns: 1 });
    const fresh = guardOf(of, [{ ...again, chance: 4 / 9 }], start);
    expect(findings(fresh, of)[0]?.evidence).toBeGreaterThan(1);
  });
});

describe("sessions that change their version in mid-conversation", () => {
  it("[GUARD-16] do not make it dear: of a session that is under way the second turn counts for cost and time, not the first", () => {
    const turns = (ordinal: number, opens: boolean, candidate: number) =>
      both(60, (arm, n) => ({ ordinal, opens, costMicros: (arm === "candidate" ? candidate : 1_000) + (n % 7) * 50 }));
    const moved = guardOf(costPlan, turns(1, false, 9_000));
    expect(findings(moved, costPlan)[0]).toMatchObject({ evidence: 0, candidate: { keys: 0 } });
    const later = guardOf(costPlan, turns(2, false, 3_000), moved);
    expect(findings(later, costPlan)[1]?.evidence).toBeGreaterThan(20);
    expect(findings(guardOf(costPlan, turns(1, true, 9_000)), costPlan)[0]?.evidence).toBeGreaterThan(20);
    // What fails in the turn in which it changes is its fault.
    const failing = guardOf(
      plan(),
      both(100, (arm) => ({ opens: false, failed: arm === "candidate" })),
    );
    expect(findings(failing, plan())[0]?.evidence).toBeGreaterThan(20);
  });
});

describe("the evidence of an average", () => {
  const guardWith = (costs: (arm: "baseline" | "candidate", n: number) => number, count = 200) =>
    guardOf(
      costPlan,
      both(count, (arm, n) => ({ costMicros: costs(arm, n) })),
    );

  it("[GUARD-3] a dearer candidate is found, a cheaper one proves nothing, and too few keys neither", () => {
    const dear = findings(
      guardWith((arm, n) => (arm === "candidate" ? 1_500 : 1_000) + (n % 50) * 10),
      costPlan,
    )[0];
    expect(dear?.evidence).toBeGreaterThan(dear?.needed ?? Number.POSITIVE_INFINITY);
    expect(dear?.harm).toBeCloseTo(0.4, 1);
    expect(dear?.interval?.[0]).toBeGreaterThan(0);
    expect(
      findings(
        guardWith((arm) => (arm === "candidate" ? 500 : 1_000)),
        costPlan,
      )[0]?.evidence,
    ).toBe(0);
    expect(
      findings(
        guardWith((arm) => (arm === "candidate" ? 9_000 : 1_000), 20),
        costPlan,
      )[0]?.evidence,
    ).toBe(0);
  });

  it("[GUARD-3] costs that are all the same, or all 0, make no number that is none", () => {
    for (const cost of [0, 1_000]) {
      const [found] = findings(
        guardWith(() => cost),
        costPlan,
      );
      expect(found).toMatchObject({ evidence: 0, harm: 0 });
    }
    const [found] = findings(
      guardWith((arm) => (arm === "candidate" ? 100 : 0)),
      costPlan,
    );
    expect(found).toMatchObject({ evidence: 1e12, harm: 1 });
  });

  it("[GUARD-3] the bound is the published one", () => {
    // At n = N* = 5,000 and alpha = 0.05 (GrowthBook's defaults), by its own formula.
    const alpha = 0.05;
    const rho2 = (-2 * Math.log(2 * alpha) + Math.log(-2 * Math.log(2 * alpha) + 1)) / 5_000;
    const n = 5_000;
    const half = Math.sqrt(((2 * (n * rho2 + 1)) / (n * rho2)) * Math.log(1 + Math.sqrt(n * rho2 + 1) / (2 * alpha)));
    const values = Array.from({ length: 2_500 }, (_, k) => 1_000 + (k % 2) * 100);
    const mean = { n: 2_500, mean: 1_050, m2: values.reduce((sum, value) => sum + (value - 1_050) ** 2, 0) };
    const compared = compareMeans(
      { strata: [{ stage: 0, chance: 0.5, baseline: mean, candidate: mean }] },
      { alpha, plannedUnits: 5_000 },
    );
    expect((compared?.interval[1] ?? 0) / (compared?.standardError ?? 1)).toBeCloseTo(half, 6);
    expect(half).toBeGreaterThan(2.77);
    expect(half).toBeLessThan(2.79);
  });
});

describe("the ratio of the arms", () => {
  it("[GUARD-7] an arm that loses keys is found; arms by the share are held in at most 1 of 1,000 stages", () => {
    const random = randomOf(11);
    let wrong = 0;
    for (let stage = 0; stage < 1_000; stage++) {
      let ratio = noRatio();
      let most = 0;
      for (let key = 0; key < 300; key++) {
        ratio = withArrival(ratio, { arm: random() < 0.2 ? "candidate" : "baseline", share: 0.2 });
        most = Math.max(most, ratioEvidence(ratio));
      }
      if (most >= 1 / ratioAlpha) wrong++;
    }
    expect(wrong).toBeLessThanOrEqual(4);
    let losing = noRatio();
    for (let key = 0; key < 1_000; key++) {
      const arm = random() < 0.5 ? "candidate" : "baseline";
      if (arm === "baseline" || random() < 0.75) losing = withArrival(losing, { arm, share: 0.5 });
    }
    expect(ratioEvidence(losing)).toBeGreaterThan(1 / ratioAlpha);
  });

  it("[GUARD-7] where one arm has all keys there is no ratio", () => {
    let ratio = noRatio();
    for (let key = 0; key < 100; key++) ratio = withArrival(ratio, { arm: "candidate", share: 1 });
    ratio = withArrival(ratio, { arm: "baseline", share: 1 });
    expect(ratioEvidence(ratio)).toBe(1);
    expect(ratio).toMatchObject({ baseline: 1, candidate: 100 });
  });
});

describe("the fuse", () => {
  const fails = { arm: "candidate", failed: true } as const;

  it("[GUARD-8] six failed keys of the candidate's first ten blow it; five do not, and later ones are for the tests", () => {
    const of = plan();
    expect(fuseBlown(guardOf(of, many(6, fails)))).toBe(true);
    expect(fuseBlown(guardOf(of, [...many(5, fails), ...many(5, { arm: "candidate" as const })]))).toBe(false);
    expect(fuseBlown(guardOf(of, [...many(10, { arm: "candidate" as const }), ...many(50, fails)]))).toBe(false);
  });

  it("[GUARD-8] an outage that hits both arms does not blow it", () => {
    const of = plan();
    expect(
      fuseBlown(
        guardOf(
          of,
          both(10, () => ({ failed: true })),
        ),
      ),
    ).toBe(false);
    expect(
      fuseBlown(guardOf(of, [...many(40, { arm: "baseline" as const }), ...both(6, () => ({ failed: true }))])),
    ).toBe(true);
  });

  it("[GUARD-8] it looks at the first keys of each stage anew", () => {
    const of = plan({
      stages: [
        { share: 0.1, minSessions: 5, holdSeconds: 0 },
        { share: 0.5, minSessions: 5, holdSeconds: 0 },
      ],
    });
    const second = nextStage(guardOf(of, many(20, { arm: "candidate" })), of);
    expect(fuseBlown(guardOf(of, many(6, { ...fails, stage: 1 }), second))).toBe(true);
  });
});

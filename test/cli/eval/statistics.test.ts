import { describe, expect, it } from "vitest";
import type { ComparedRun } from "../../../src/cli/eval/baseline.ts";
import { caseSchema } from "../../../src/cli/eval/dataset/case.ts";
import { compareArms } from "../../../src/cli/eval/report/compare-arms.ts";
import {
  bootstrapInterval,
  clusteredMean,
  signFlipTest,
  studentInterval,
} from "../../../src/cli/eval/statistics/clustered-mean.ts";
import {
  binomialCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
} from "../../../src/cli/eval/statistics/distributions.ts";
import { type PairedUnit, pairedDifference } from "../../../src/cli/eval/statistics/paired-difference.ts";
import {
  clopperPearson,
  cohensKappa,
  exactPairTest,
  pairedShares,
  wilson,
} from "../../../src/cli/eval/statistics/proportions.ts";
import { decisions, holmAdjusted, moreCases } from "../../../src/cli/eval/statistics/verdict.ts";
import { simulate, type World } from "./simulation.ts";

/** Each its own conversation. */
const plain = (...differences: number[]): PairedUnit[] =>
  differences.map((difference, at) => ({ cluster: `c${at}`, difference }));
const repeated = (times: number, value: number) => new Array<number>(times).fill(value);
const of = (pairs: readonly PairedUnit[], margin = 0.05) => {
  const found = pairedDifference(pairs, { margin, isScore: true });
  return { found, ...decisions([{ found, margin }])[0] };
};

describe("distributions", () => {
  // The printed table of Student's t (Abramowitz and Stegun, table 26.10).
  it.each([
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 5, 2.571],
    [0.95, 10, 1.812],
    [0.975, 10, 2.228],
    [0.995, 20, 2.845],
    [0.975, 30, 2.042],
    [0.975, 60, 2.0],
    [0.975, 120, 1.98],
    [0.975, Number.POSITIVE_INFINITY, 1.96],
  ])("[STAT-1] t of %f with %d degrees of freedom is %f", (p, df, t) => {
    expect(studentQuantile(p, df)).toBeCloseTo(t, 3);
    expect(studentCdf(studentQuantile(p, df), df)).toBeCloseTo(p, 9);
    expect(studentQuantile(1 - p, df)).toBeCloseTo(-t, 3);
  });

  it("[STAT-1] the normal quantile to nine digits, and binomial sums as they are", () => {
    expect([normalQuantile(0.975), normalQuantile(0.8), normalQuantile(0.5)]).toEqual([
      expect.closeTo(1.959963985, 8),
      expect.closeTo(0.841621234, 8),
      expect.closeTo(0, 8),
    ]);
    expect([studentCdf(40, Number.POSITIVE_INFINITY), studentCdf(-40, 3) < 1e-4, studentCdf(2e6, 3)]).toEqual([
      1,
      true,
      1,
    ]);
    expect(binomialCdf(2, 10, 0.5)).toBeCloseTo(56 / 1024, 12);
    expect([binomialCdf(-1, 5, 0.5), binomialCdf(5, 5, 0.5)]).toEqual([0, 1]);
  });
});

describe("shares", () => {
  // R. Newcombe, Statistics in Medicine 17 (1998) 857, table I: methods 3 (score) and 5 (exact).
  it.each([
    [81, 263, [0.2553, 0.3662], [0.2527, 0.3676]],
    [15, 148, [0.0624, 0.1605], [0.0578, 0.1617]],
    [0, 20, [0, 0.1611], [0, 0.1684]],
    [1, 29, [0.0061, 0.1718], [0.0009, 0.1776]],
  ])("[STAT-4] %d of %d", (hits, count, score, exact) => {
    const near = (interval: readonly number[]) => interval.map((end) => expect.closeTo(end, 4));
    expect(wilson(hits, count)).toEqual(near(score));
    expect(clopperPearson(hits, count)).toEqual(near(exact));
  });

  it("[STAT-4] McNemar's exact test counts the pairs that differ; the interval of paired shares adds a win and a loss", () => {
    expect(exactPairTest(5, 1)).toBeCloseTo(7 / 64, 12);
    expect(exactPairTest(8, 0)).toBeCloseTo(1 / 256, 12);
    expect(exactPairTest(0, 0)).toBe(1);
    // M. Fagerland et al., Statistics in Medicine 33 (2014): airway responses of 21 children, 1 and 7 pairs that differ.
    expect(pairedShares(1, 7, 21)).toEqual([expect.closeTo(-0.508, 3), expect.closeTo(-0.013, 3)]);
    expect(pairedShares(0, 0, 5)[1]).toBeGreaterThan(0.3);
  });

  it("[STAT-6] kappa of two raters, from published tables", () => {
    const table = (yesYes: number, yesNo: number, noYes: number, noNo: number) => [
      ...repeated(yesYes, 0).map(() => ["y", "y"] as const),
      ...repeated(yesNo, 0).map(() => ["y", "n"] as const),
      ...repeated(noYes, 0).map(() => ["n", "y"] as const),
      ...repeated(noNo, 0).map(() => ["n", "n"] as const),
    ];
    expect(cohensKappa(table(20, 5, 10, 15))).toMatchObject({
      kappa: expect.closeTo(0.4, 10),
      agreement: 0.7,
      count: 50,
    });
    expect(cohensKappa(table(45, 15, 25, 15)).kappa).toBeCloseTo(0.1304, 4);
    expect(cohensKappa(table(25, 35, 5, 35)).kappa).toBeCloseTo(0.2593, 4);
    expect(cohensKappa(table(10, 0, 0, 10))).toMatchObject({ kappa: 1, interval: [1, 1] });
    const [low, high] = cohensKappa(table(20, 5, 10, 15)).interval;
    expect([low, high]).toEqual([expect.closeTo(0.15, 1), expect.closeTo(0.65, 1)]);
    // Nobody learns from a rater who says yes to everything.
    expect(cohensKappa(table(9, 0, 1, 0)).kappa).toBe(0);
    expect(cohensKappa([])).toMatchObject({ kappa: 0, interval: [-1, 1], count: 0 });
  });
});

describe("means of clusters", () => {
  it("[STAT-2] the clustered standard error is that of Miller's formula, with G/(G-1)", () => {
    const values = [1, 0, 1, 1, 0, 0];
    const clusters = [0, 0, 1, 1, 2, 2];
    const found = clusteredMean({ values, clusters });
    // Distances of cluster sums from 2 * 0.5: 0, 1 and -1; 2 * 3/2 under the root, over 6 values.
    expect(found).toMatchObject({ mean: 0.5, count: 6, standardError: expect.closeTo(Math.sqrt(3) / 6, 12) });
    const alone = clusteredMean({ values, clusters: [0, 1, 2, 3, 4, 5] });
    expect(alone.standardError).toBeCloseTo(Math.sqrt(0.3 / 6), 12);
    expect(studentInterval(alone)[1] - 0.5).toBeCloseTo(2.5706 * Math.sqrt(0.3 / 6), 4);
    // The same answers twice are no more evidence.
    const twice = clusteredMean({ values: [...values, ...values], clusters: [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5] });
    expect(twice.standardError).toBeCloseTo(alone.standardError, 12);
  });

  it("[STAT-10] degrees of freedom are G-1 for clusters of one size, 1 for two of any size, and few where one has most", () => {
    const df = (...counts: number[]) => {
      const clusters = counts.flatMap((count, at) => repeated(count, at));
      return clusteredMean({ values: clusters.map((_, at) => at % 2), clusters }).df;
    };
    expect([df(...repeated(12, 1)), df(...repeated(12, 5)), df(7)]).toEqual([11, 11, 0]);
    expect(df(1, 99)).toBeCloseTo(1, 9);
    expect(df(100, ...repeated(29, 1))).toBeLessThan(1.5);
    expect(df(6, ...repeated(29, 5))).toBeGreaterThan(28);
  });

  it("[STAT-2] one cluster says nothing, and the bootstrap gives the same interval twice", () => {
    const one = clusteredMean({ values: [1, 0, 1], clusters: [0, 0, 0] });
    expect(studentInterval(one)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(bootstrapInterval(one)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    const values = [0.1, 0.4, -0.2, 0.3, 0.5, 0, 0.2, 0.6, 0.1, 0.3];
    const some = clusteredMean({ values, clusters: values.map((_, at) => at) });
    expect(bootstrapInterval(some)).toEqual(bootstrapInterval(some));
    const [low, high] = bootstrapInterval(some);
    const [from, to] = studentInterval(some);
    expect([Math.abs(low - from) < 0.08, Math.abs(high - to) < 0.08]).toEqual([true, true]);
  });

  it("[STAT-2] the test of signs is exact: the share of all ways to turn them that give as much", () => {
    const of = (...values: number[]) => clusteredMean({ values, clusters: values.map((_, at) => at) });
    expect(signFlipTest(of(1, 1, 1, 1, 1))).toBe(1 / 32);
    expect(signFlipTest(of(3, 2, 1, -1))).toBe(3 / 16);
    expect(signFlipTest(of(0, 0, 0))).toBe(1);
    expect(signFlipTest(of(0, 0, 0), -0.1)).toBe(1 / 8);
    expect(signFlipTest(of(...repeated(20, 1)))).toBeLessThan(0.001);
  });
});

describe("verdicts", () => {
  it("[STAT-5] Holm's adjusted p values", () => {
    expect(holmAdjusted([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02].map((p) => expect.closeTo(p, 12)));
    expect(holmAdjusted([0.9, 0.8])).toEqual([1, 1]);
    expect(holmAdjusted([])).toEqual([]);
  });

  it("[STAT-5] a scorer that would be better alone is not among many that show nothing", () => {
    const edge = pairedDifference(plain(...repeated(12, 1), ...repeated(3, -1), ...repeated(45, 0)), {
      margin: 0.05,
      isScore: true,
    });
    const nothing = pairedDifference(plain(...repeated(10, 1), ...repeated(10, -1), ...repeated(40, 0)), {
      margin: 0.05,
      isScore: true,
    });
    const alone = decisions([{ found: edge, margin: 0.05 }]);
    const among = decisions([edge, nothing, nothing, nothing].map((found) => ({ found, margin: 0.05 })));
    expect([alone[0]?.verdict, among[0]?.verdict]).toEqual(["better", "not_worse"]);
  });

  it("[STAT-5] the best of several candidates is judged as one of several", () => {
    const cases = Array.from({ length: 60 }, (_, at) =>
      caseSchema.parse({ id: `c${at}`, input: "Hi", expect: { contains: ["a"] } }),
    );
    const arm = (name: string, passes: (at: number) => boolean) => ({
      name,
      runs: cases.map(({ id }, at): ComparedRun => {
        const figures = { costMicros: 1, durationMs: 1, steps: 1, inputTokens: 1, cachedTokens: 0, outputTokens: 1 };
        return { case: id, trial: 1, answer: "", scores: { passed: passes(at) ? 1 : 0 }, ...figures };
      }),
    });
    const against = (candidates: ReturnType<typeof arm>[]) => {
      const baseline = arm("first", (at) => at < 20);
      const compared = candidates.map((candidate) => ({
        cases,
        baseline,
        candidate,
        preferences: [],
        margins: { "": 0.05 },
      }));
      return compareArms(compared).map(({ candidate, scorers }) => [candidate, scorers[0]?.verdict]);
    };
    // Twelve won, three lost.
    const edge = arm("edge", (at) => at >= 3 && at < 32);
    const others = ["b", "c", "d"].map((name) => arm(name, (at) => at >= 10 && at < 30));
    expect(against([edge])).toEqual([["edge", "better"]]);
    expect(against([...others, edge]).at(-1)).toEqual(["edge", "not_worse"]);
    expect(against([...others, edge])[0]).toEqual(["b", "undecided"]);
  });

  it.each([
    ["two conversations", 2, false],
    ["sixty conversations", 60, true],
  ])("[STAT-11] what %s say of costs is an interval, or that there are too few of them", (_, count, hasInterval) => {
    const cases = Array.from({ length: count }, (_, at) => caseSchema.parse({ id: `c${at}`, input: "Hi" }));
    const arm = (name: string, cost: (at: number) => number) => ({
      name,
      runs: cases.map(({ id }, at): ComparedRun => {
        const figures = { durationMs: 1, steps: 1, inputTokens: 1, cachedTokens: 0, outputTokens: 1 };
        return { case: id, trial: 1, answer: "", scores: {}, costMicros: cost(at), ...figures };
      }),
    });
    const [baseline, candidate] = [arm("first", () => 100), arm("second", (at) => (at % 2 === 0 ? 50 : 180))];
    const [compared] = compareArms([{ cases, baseline, candidate, preferences: [], margins: {} }]);
    const cost = compared?.figures.find(({ figure }) => figure.startsWith("cost"));
    expect(cost?.change).toBeCloseTo(0.15);
    expect(cost?.interval.every(Number.isFinite)).toBe(hasInterval);
    if (hasInterval) expect(cost?.interval[0]).toBeGreaterThan(-0.1);
  });

  it("[STAT-7] better, worse, not worse than the margin, or undecided with how many more cases would decide", () => {
    const cases: [PairedUnit[], string][] = [
      [plain(...repeated(14, 1), ...repeated(1, -1), ...repeated(35, 0)), "better"],
      [plain(...repeated(1, 1), ...repeated(14, -1), ...repeated(35, 0)), "worse"],
      [plain(...repeated(200, 0), ...repeated(3, 1), ...repeated(3, -1)), "not_worse"],
      [plain(...repeated(5, 1), ...repeated(5, -1), ...repeated(30, 0)), "undecided"],
    ];
    expect(cases.map(([pairs]) => of(pairs).verdict)).toEqual(cases.map(([, verdict]) => verdict));
    expect(of(cases[3]?.[0] ?? []).moreCases).toBeGreaterThan(100);
    expect(of(cases[0]?.[0] ?? []).moreCases).toBeUndefined();
    // Surely a little worse, and surely not by the margin.
    expect(of(plain(...repeated(300, -0.01), ...repeated(300, -0.012)), 0.05).verdict).toBe("not_worse");
  });

  it("[STAT-8] the number of cases is Miller's: ((z + z) sd / distance)^2", () => {
    const found = pairedDifference(plain(...repeated(50, 0.3), ...repeated(50, -0.3)), { margin: 0.05, isScore: true });
    // z of 2 % and of 80 %; sd 0.3015; distance 0.05.
    const needed = (((2.0537 + 0.8416) * 0.3015) / 0.05) ** 2;
    expect(moreCases(found, 0.05)).toBeGreaterThan(needed - 100 - 15);
    expect(moreCases(found, 0.05)).toBeLessThan(needed - 100 + 15);
    expect(moreCases(pairedDifference(plain(1), { margin: 0, isScore: true }), 0)).toBe(100_000);
  });

  it("[STAT-9] equal answers of a few cases prove nothing, however equal they are", () => {
    expect(of(plain(...repeated(5, 0)))).toMatchObject({ verdict: "undecided", found: { method: "exact" } });
    expect(of(plain(...repeated(40, 0)))).toMatchObject({ verdict: "undecided", found: { method: "sparse" } });
    expect(of(plain(...repeated(200, 0)))).toMatchObject({ verdict: "not_worse", found: { method: "sparse" } });
    expect(of(plain(...repeated(39, 0), 1)).verdict).toBe("undecided");
    expect(
      of([
        { cluster: "one", difference: 1 },
        { cluster: "one", difference: 1 },
      ]),
    ).toMatchObject({
      verdict: "undecided",
      found: { method: "none", clusters: 1, units: 2 },
    });
  });

  it("[STAT-9] below 30 conversations exact or bootstrap, from 30 on t; intervals of scores stay within -1 and 1", () => {
    const graded = repeated(12, 0).map((_, at) => 0.05 * (at - 3));
    expect(of(plain(...graded)).found.method).toBe("bootstrap");
    expect(of(plain(1, 1, 1, 0, 1, 1, 1, 1, 1)).found).toMatchObject({
      method: "exact",
      interval: [expect.any(Number), 1],
    });
    expect(of(plain(...repeated(30, 0).map((_, at) => (at % 3) - 1))).found.method).toBe("clustered_t");
    expect(of(plain(0.9, 0.8, 1, 0.7, 0.9, 0.5)).found.interval[1]).toBeLessThanOrEqual(1);
  });
});

/** `LONGLINE_SIMULATIONS=20` draws twenty times as many; `docs/evaluation.md` has the figures. */
const times = Number(process.env.LONGLINE_SIMULATIONS ?? 1);
const seed = Number(process.env.SEED ?? 20_261_125);
const worlds: [string, Omit<World, "seed">][] = [
  ["50 conversations of 5 turns, no effect", { suites: 2_000, conversations: 50, turns: 5, effect: 0 }],
  ["50 conversations of 5 turns, an effect of 8 points", { suites: 2_000, conversations: 50, turns: 5, effect: 0.08 }],
  ["50 conversations of 5 turns, graded", { suites: 2_000, conversations: 50, turns: 5, effect: 0, isGraded: true }],
  ["24 single questions", { suites: 1_000, conversations: 24, turns: 1, effect: 0 }],
  ["8 conversations of 5 turns", { suites: 300, conversations: 8, turns: 5, effect: 0 }],
];

describe("simulated suites with known truth", () => {
  it.each(worlds)("[STAT-3] %s: the interval covers the truth, and a wrong claim is rare", (_, world) => {
    const suites = world.suites * times;
    const found = simulate({ ...world, suites, seed });
    // How far a share of so many draws is from the true one, at most, by chance alone: three standard errors.
    const chance = (share: number) => 3 * Math.sqrt((share * (1 - share)) / suites);
    const shown = JSON.stringify({ ...world, suites, seed, ...found });
    console.info(shown);
    const isSmall = world.suites < 2_000;
    expect(found.covered, shown).toBeGreaterThanOrEqual(isSmall ? 0.93 - chance(0.93) : 0.93);
    if (world.turns > 1) expect(found.covered, shown).toBeLessThanOrEqual(isSmall ? 0.97 + chance(0.97) : 0.97);
    if (world.effect > 0) return expect(found.worse, shown).toBeLessThanOrEqual(0.001);
    expect(found.better, shown).toBeLessThanOrEqual(isSmall ? 0.025 + chance(0.025) : 0.025);
    expect(found.worse, shown).toBeLessThanOrEqual(isSmall ? 0.025 + chance(0.025) : 0.025);
  });

  const long = (conversations: number) => (at: number) => (at === 0 ? 3 * conversations : 2);
  const sizes: [string, Omit<World, "seed" | "turns" | "effect">][] = [
    ["one of 30 has most turns", { suites: 300, conversations: 30, isGraded: true, sizes: long(30) }],
    ["one of 50 has most turns", { suites: 300, conversations: 50, sizes: long(50) }],
    ["three of 50 are long", { suites: 300, conversations: 50, isGraded: true, sizes: (at) => (at < 3 ? 20 : 1) }],
    ["one of 10 has most turns", { suites: 150, conversations: 10, isGraded: true, sizes: long(10) }],
    ["three of 10 are long", { suites: 150, conversations: 10, isGraded: true, sizes: (at) => (at < 3 ? 20 : 1) }],
    [
      "their lengths grow from 1 to 10",
      { suites: 300, conversations: 40, sizes: (at) => 1 + Math.round((9 * at) / 39) },
    ],
  ];
  // With G-1 degrees of freedom the first two cover 40 % and 61 %, and claim "better" in 28 % and 18 %.
  it.each(sizes)(
    "[STAT-10] conversations of unequal length, %s: the interval covers the truth all the same",
    (_, world) => {
      const found = simulate({ ...world, turns: 0, effect: 0, seed });
      const chance = (share: number) => 3 * Math.sqrt((share * (1 - share)) / world.suites);
      expect(found.covered, JSON.stringify(found)).toBeGreaterThanOrEqual(0.93 - chance(0.93));
      expect(found.better, JSON.stringify(found)).toBeLessThanOrEqual(0.025 + chance(0.025));
      expect(found.worse, JSON.stringify(found)).toBeLessThanOrEqual(0.025 + chance(0.025));
    },
  );

  it("[STAT-3] would notice that turns of one conversation are taken for independent", () => {
    const world = { suites: 300, conversations: 50, turns: 5, effect: 0, isGraded: true, seed };
    const careless = simulate({ ...world, ignoresClusters: true });
    expect(careless.covered).toBeLessThan(0.85);
  });
});

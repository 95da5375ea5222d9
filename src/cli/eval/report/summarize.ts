/** Puts the runs of an evaluation together: what each arm reached, how candidates compare with the baseline, and the exit code. Pure. */
import { type Baseline, editedSince } from "../baseline.ts";
import type { Dataset } from "../dataset/read-cases.ts";
import type { Plan, Preference } from "../run/folder.ts";
import type { RunResult } from "../run/result.ts";
import { cachedShare } from "../score/expectations.ts";
import { type Interval, wilson } from "../statistics/proportions.ts";
import { type ArmComparison, compareArms } from "./compare-arms.ts";

/** What an arm reached. A case passes when all its trials do; `passedEvery` counts those, `interval` is of that share. */
export interface ArmSummary {
  name: string;
  version: string;
  model: string;
  cases: number;
  runs: number;
  passedRuns: number;
  passedEvery: number;
  interval: Interval;
  costMicros: number;
  judgeCostMicros: number;
  cachedShare: number;
  meanDurationMs: number;
}

/** 0: all gates hold; 1: worse, or a case failed that must not; 2: it could not be decided, or could not run. */
export interface EvalSummary {
  cases: string;
  digest: string;
  trials: number;
  arms: ArmSummary[];
  comparisons: ArmComparison[];
  /** Cases that failed and must not: all of them without a comparison, the required ones of candidates with one. */
  failed: { case: string; arm: string; faults: string[] }[];
  warnings: string[];
  /** Runs that are missing, and why. */
  left: number;
  why?: string;
  exitCode: 0 | 1 | 2;
}

export interface Summarized {
  dataset: Dataset;
  plan: Plan;
  results: readonly RunResult[];
  preferences: readonly Preference[];
  baseline: Baseline | undefined;
  margins: Readonly<Record<string, number>>;
  ended: { left: number; why?: string };
  warnings: readonly string[];
}

export function summarize(of: Summarized): EvalSummary {
  const { dataset, plan, results, baseline, ended } = of;
  const arms = plan.arms.map((arm) =>
    armSummary(
      arm,
      results.filter((result) => result.arm === arm.name),
      of.preferences,
    ),
  );
  const edited = baseline === undefined ? undefined : editedSince(baseline, dataset);
  const comparisons = comparisonsOf(of, new Set([...(edited?.edited ?? []), ...(edited?.added ?? [])]));
  const failed = failedCases(of, comparisons.length > 0);
  const verdicts = comparisons.flatMap(({ scorers }) => scorers.map(({ verdict }) => verdict));
  const isWorse = verdicts.includes("worse") || failed.length > 0;
  const isOpen = ended.left > 0 || verdicts.includes("undecided") || (isCompared(of) && verdicts.length === 0);
  return {
    cases: dataset.path,
    digest: dataset.digest,
    trials: plan.trials,
    arms,
    comparisons,
    failed,
    warnings: [...of.warnings, ...editedWarnings(edited), ...stubWarnings(results), ...missingWarnings(results)],
    ...ended,
    exitCode: isWorse ? 1 : isOpen ? 2 : 0,
  };
}

function isCompared({ plan, baseline }: Summarized): boolean {
  return baseline !== undefined || plan.arms.length > 1;
}

function armSummary(
  { name, version, model }: Plan["arms"][number],
  results: readonly RunResult[],
  preferences: readonly Preference[],
): ArmSummary {
  const byCase = Map.groupBy(results, (result) => result.case);
  const passedEvery = [...byCase.values()].filter((runs) => runs.every(hasPassed)).length;
  const sum = (figure: (result: RunResult) => number) => results.reduce((total, result) => total + figure(result), 0);
  const tokens = {
    inputTokens: sum(({ inputTokens }) => inputTokens),
    cachedTokens: sum(({ cachedTokens }) => cachedTokens),
  };
  const own = preferences.filter(({ candidate }) => candidate === name);
  return {
    name,
    version,
    model,
    cases: byCase.size,
    runs: results.length,
    passedRuns: results.filter(hasPassed).length,
    passedEvery,
    interval: wilson(passedEvery, byCase.size),
    costMicros: sum(({ costMicros }) => costMicros),
    judgeCostMicros:
      sum(({ judgeCostMicros }) => judgeCostMicros) + own.reduce((total, each) => total + each.costMicros, 0),
    cachedShare: cachedShare(tokens),
    meanDurationMs: results.length === 0 ? 0 : Math.round(sum(({ durationMs }) => durationMs) / results.length),
  };
}

function hasPassed({ scores }: RunResult): boolean {
  return scores.passed === 1;
}

/** Each candidate against the kept baseline, or against the first arm. */
function comparisonsOf(of: Summarized, leftOut: ReadonlySet<string>): ArmComparison[] {
  const { dataset, plan, results, preferences, baseline, margins } = of;
  const runsOf = (name: string) => results.filter(({ arm }) => arm === name);
  const [first] = plan.arms;
  const before =
    baseline !== undefined
      ? { name: `${baseline.arm} (kept)`, runs: baseline.runs }
      : first && { name: first.name, runs: runsOf(first.name) };
  const candidates = baseline !== undefined ? plan.arms : plan.arms.slice(1);
  if (before === undefined) return [];
  const cases = dataset.cases.filter(({ id }) => !leftOut.has(id));
  return compareArms(
    candidates.map(({ name }) => {
      return { cases, baseline: before, candidate: { name, runs: runsOf(name) }, preferences, margins };
    }),
  );
}

/** Without a comparison each case must pass in every trial; with one, the required ones of each candidate. */
function failedCases({ dataset, plan, results, baseline }: Summarized, isComparison: boolean): EvalSummary["failed"] {
  const required = new Set(dataset.cases.filter((each) => each.required || !isComparison).map(({ id }) => id));
  const isCandidate = (arm: string) => baseline !== undefined || !isComparison || arm !== plan.arms[0]?.name;
  const failed = results.filter((result) => !hasPassed(result) && required.has(result.case) && isCandidate(result.arm));
  const byCase = Map.groupBy(failed, ({ arm, case: id }) => JSON.stringify([arm, id]));
  return [...byCase.values()].flatMap((runs) => {
    const [run] = runs;
    return run === undefined ? [] : [{ case: run.case, arm: run.arm, faults: run.faults }];
  });
}

const mostNamed = 5;

function named(ids: readonly string[]): string {
  return `${ids.slice(0, mostNamed).join(", ")}${ids.length > mostNamed ? ` and ${ids.length - mostNamed} more` : ""}`;
}

function editedWarnings(edited: ReturnType<typeof editedSince> | undefined): string[] {
  if (edited === undefined) return [];
  const lines: [readonly string[], string][] = [
    [edited.edited, "edited since the baseline was kept, and not compared"],
    [edited.added, "added since the baseline was kept, and not compared"],
    [edited.removed, "in the baseline, and not in the cases any more"],
  ];
  return lines
    .filter(([ids]) => ids.length > 0)
    .map(([ids, words]) => `${ids.length} cases were ${words}: ${named(ids)}`);
}

/** A stub that no run of its case used is wrong, or not needed. */
function stubWarnings(results: readonly RunResult[]): string[] {
  const byCase = Map.groupBy(results, (result) => result.case);
  return [...byCase].flatMap(([id, runs]) => {
    const [first, ...others] = runs.map(({ unusedStubs }) => unusedStubs);
    const never = [...new Set(first)].filter((name) => others.every((unused) => unused.includes(name)));
    return never.map((name) => `${id}: a stub of ${name} was never used`);
  });
}

function missingWarnings(results: readonly RunResult[]): string[] {
  const byScorer = Map.groupBy(
    results.flatMap(({ missing }) => missing.map((line) => ({ scorer: line.split(": ")[0] ?? "", line }))),
    ({ scorer }) => scorer,
  );
  return [...byScorer].map(
    ([scorer, lines]) =>
      `${scorer}: ${lines.length} runs could not be scored and are left out; one of them: ${lines[0]?.line}`,
  );
}

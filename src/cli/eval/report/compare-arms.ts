/** Compares a candidate with a baseline, case by case: a verdict for each scorer, and how cost and times changed. Pure. */

import type { ComparedRun } from "../baseline.ts";
import type { EvalCase } from "../dataset/case.ts";
import type { Preference } from "../run/folder.ts";
import { cachedShare } from "../score/expectations.ts";
import { clusteredMean, studentInterval } from "../statistics/clustered-mean.ts";
import { type PairedDifference, pairedDifference } from "../statistics/paired-difference.ts";
import type { Interval } from "../statistics/proportions.ts";
import { decisions, type ScorerDecision } from "../statistics/verdict.ts";

/** A scorer's comparison. `baseline` and `candidate` are means over cases of means over trials. */
export interface ScorerComparison extends ScorerDecision, Omit<PairedDifference, "p"> {
  scorer: string;
  baseline: number;
  candidate: number;
  margin: number;
  /** Runs that this scorer could not score, of both arms; they are left out. */
  missing: number;
  /** Difference of each case, for a plot. */
  cases: { case: string; difference: number }[];
}

/** A figure that is compared as a ratio of means. `change` 0.1: ten per cent more than the baseline. `interval`: infinite where there are too few conversations for one. */
export interface FigureComparison {
  figure: string;
  baseline: number;
  candidate: number;
  change: number;
  interval: Interval;
}

export interface ArmComparison {
  candidate: string;
  baseline: string;
  scorers: ScorerComparison[];
  figures: FigureComparison[];
}

export interface ComparedArms {
  cases: readonly EvalCase[];
  baseline: { name: string; runs: readonly ComparedRun[] };
  candidate: { name: string; runs: readonly ComparedRun[] };
  preferences: readonly Preference[];
  /** How much worse is still allowed, by scorer; `""` for all others. */
  margins: Readonly<Record<string, number>>;
}

/** Name of the scorer of answers that were judged against each other. */
const preferred = "preferred";

/** Decides about all scorers of all candidates together: the best of several candidates has as many chances to be wrong. */
export function compareArms(all: readonly ComparedArms[]): ArmComparison[] {
  const compared = all.map(comparedScorers);
  const decided = decisions(compared.flat());
  return all.map((of, at): ArmComparison => {
    const before = compared.slice(0, at).flat().length;
    const scorers = (compared[at] ?? []).map(({ found, margin, pairs, ...about }, place): ScorerComparison => {
      const { p: _, ...shown } = found;
      const cases = pairs.map(({ id, difference }) => ({ case: id, difference }));
      return { ...about, margin, ...shown, ...(decided[before + place] ?? { verdict: "undecided" }), cases };
    });
    return { candidate: of.candidate.name, baseline: of.baseline.name, scorers, figures: figuresOf(of) };
  });
}

function comparedScorers(of: ComparedArms): (ScorerPairs & { found: PairedDifference; margin: number })[] {
  const { baseline, candidate } = of;
  const names = scorersIn([...baseline.runs, ...candidate.runs]);
  const all = [...names.map((name) => scorePairs(of, name)), ...preferencePairs(of)].filter(
    ({ pairs }) => pairs.length > 0,
  );
  return all.map((scored) => {
    const margin = of.margins[scored.scorer] ?? of.margins[""] ?? 0;
    return { ...scored, found: pairedDifference(scored.pairs, { margin, isScore: true }), margin };
  });
}

function scorersIn(runs: readonly ComparedRun[]): string[] {
  return [...new Set(runs.flatMap(({ scores }) => Object.keys(scores)))].toSorted((a, b) =>
    a === "passed" ? -1 : b === "passed" ? 1 : a < b ? -1 : 1,
  );
}

interface Pair {
  id: string;
  cluster: string;
  difference: number;
}

interface ScorerPairs {
  scorer: string;
  baseline: number;
  candidate: number;
  missing: number;
  pairs: Pair[];
}

function scorePairs({ cases, baseline, candidate }: ComparedArms, scorer: string): ScorerPairs {
  const pairs: (Pair & { before: number; after: number })[] = [];
  for (const each of cases) {
    const before = meanScore(baseline.runs, each.id, scorer);
    const after = meanScore(candidate.runs, each.id, scorer);
    if (before === undefined || after === undefined) continue;
    pairs.push({ id: each.id, cluster: each.conversation ?? each.id, difference: after - before, before, after });
  }
  const missing = [...baseline.runs, ...candidate.runs].filter(({ scores }) => scores[scorer] === null).length;
  return {
    scorer,
    baseline: mean(pairs.map((pair) => pair.before)),
    candidate: mean(pairs.map((pair) => pair.after)),
    missing,
    pairs,
  };
}

/** Over the trials that could be scored; `undefined` when there is none. */
function meanScore(runs: readonly ComparedRun[], id: string, scorer: string): number | undefined {
  const scores = runs.flatMap((run) => {
    const score = run.case === id ? run.scores[scorer] : undefined;
    return score === undefined || score === null ? [] : [score];
  });
  return scores.length === 0 ? undefined : mean(scores);
}

/** A preference is a difference already: 1 all for the candidate, -1 all for the baseline. */
function preferencePairs({ cases, candidate, preferences }: ComparedArms): ScorerPairs[] {
  const own = preferences.filter((each) => each.candidate === candidate.name);
  if (own.length === 0) return [];
  const pairs = cases.flatMap((each): Pair[] => {
    const scores = own.flatMap(({ case: id, score }) => (id === each.id && score !== null ? [2 * score - 1] : []));
    return scores.length === 0
      ? []
      : [{ id: each.id, cluster: each.conversation ?? each.id, difference: mean(scores) }];
  });
  const won = mean(pairs.map(({ difference }) => (difference + 1) / 2));
  const missing = own.filter(({ score }) => score === null).length;
  return [{ scorer: preferred, baseline: 1 - won, candidate: won, missing, pairs }];
}

const figures: Readonly<Record<string, (run: ComparedRun) => number>> = {
  "cost (micro-dollars)": ({ costMicros }) => costMicros,
  "time (ms)": ({ durationMs }) => durationMs,
  "model calls": ({ steps }) => steps,
  "input tokens": ({ inputTokens, cachedTokens }) => inputTokens + cachedTokens,
  "output tokens": ({ outputTokens }) => outputTokens,
  "cached share": cachedShare,
};

/** Ratio of means of the cases that both arms have; its error by linearisation (W. G. Cochran, Sampling Techniques, section 2.11). */
function figuresOf({ cases, baseline, candidate }: ComparedArms): FigureComparison[] {
  const both = cases.flatMap((each) => {
    const of = (runs: readonly ComparedRun[]) => runs.filter((run) => run.case === each.id);
    const [before, after] = [of(baseline.runs), of(candidate.runs)];
    return before.length === 0 || after.length === 0 ? [] : [{ cluster: each.conversation ?? each.id, before, after }];
  });
  const names = [...new Set(both.map(({ cluster }) => cluster))];
  const clusters = both.map(({ cluster }) => names.indexOf(cluster));
  return Object.entries(figures).flatMap(([figure, read]): FigureComparison[] => {
    const before = both.map((each) => mean(each.before.map(read)));
    const after = both.map((each) => mean(each.after.map(read)));
    const [from, to] = [mean(before), mean(after)];
    if (both.length === 0 || from === 0) return [];
    const ratio = to / from;
    const residuals = after.map((value, at) => (value - ratio * (before[at] ?? 0)) / from);
    const change = ratio - 1;
    return [{ figure, baseline: from, candidate: to, change, interval: intervalOf(change, residuals, clusters) }];
  });
}

/** Linearisation is right for errors that are small compared with the ratio. An interval that reaches below a ratio of 0 comes from a larger one. */
function intervalOf(change: number, values: readonly number[], clusters: readonly number[]): Interval {
  const [low, high] = studentInterval(clusteredMean({ values, clusters }));
  return change + low > -1 ? [change + low, change + high] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

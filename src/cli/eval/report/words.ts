/** Says a summary in words, for a terminal. Pure. */
import { methods } from "../statistics/paired-difference.ts";
import type { ArmComparison, FigureComparison, ScorerComparison } from "./compare-arms.ts";
import type { ArmSummary, EvalSummary } from "./summarize.ts";

/** Lines without colour, each at most as long as a terminal can wrap. */
export function summaryWords(summary: EvalSummary): string {
  const { arms, comparisons, failed, warnings, left, why } = summary;
  return [
    ...arms.map(armWords),
    ...comparisons.flatMap(comparisonWords),
    ...(failed.length > 0 ? ["", `${failed.length} failed that must not:`] : []),
    ...failed.map(({ case: id, arm, faults }) => `  ${id} (${arm}): ${faults.join("; ")}`),
    ...(warnings.length > 0 ? ["", ...warnings.map((warning) => `Warning: ${warning}`)] : []),
    ...(left > 0 ? ["", `${left} runs are missing: ${why?.replace(/\.+$/, "")}.`] : []),
    "",
    resultWords(summary),
  ].join("\n");
}

function armWords({ name, version, model, ...of }: ArmSummary): string {
  const [low, high] = of.interval;
  const share = of.cases === 0 ? 0 : of.passedEvery / of.cases;
  const parts = [
    `${of.passedEvery} of ${of.cases} cases pass (${percent(share)}, 95 % interval ${percent(low)} to ${percent(high)})`,
    ...(of.runs > of.cases ? [`${of.passedRuns} of ${of.runs} runs`] : []),
    `${dollars(of.costMicros)}${of.judgeCostMicros > 0 ? ` and ${dollars(of.judgeCostMicros)} for judges` : ""}`,
    `${percent(of.cachedShare)} of input cached`,
    `${of.meanDurationMs} ms a run`,
  ];
  return `${name} [${version}, ${model}]: ${parts.join(", ")}`;
}

function comparisonWords({ candidate, baseline, scorers, figures }: ArmComparison): string[] {
  return [
    "",
    `${candidate} against ${baseline}:`,
    ...scorers.map((each) => `  ${scorerWords(each)}`),
    ...figures.map((each) => `  ${figureWords(each)}`),
  ];
}

/** Such as: passed: better: 0.840 against 0.710, +0.130 (95 % interval +0.041 to +0.219). */
function scorerWords(of: ScorerComparison): string {
  const [low, high] = of.interval;
  const range = Number.isFinite(low) ? `95 % interval ${signed(low)} to ${signed(high)}` : "no interval";
  const counts = `${of.units} ${of.units === 1 ? "case" : "cases"}${of.clusters === of.units ? "" : ` in ${of.clusters} conversations`}`;
  const missing = of.missing > 0 ? `, ${of.missing} runs not scored` : "";
  const figures = `${of.candidate.toFixed(3)} against ${of.baseline.toFixed(3)}, ${signed(of.difference)} (${range}; ${counts}${missing}; ${methods[of.method]})`;
  return `${of.scorer}: ${verdictWords(of)}: ${figures}`;
}

/** The verdict as a sentence's beginning. */
export function verdictWords({ verdict, margin, method, moreCases = 0 }: ScorerComparison): string {
  switch (verdict) {
    case "better":
      return "better";
    case "worse":
      return "worse";
    case "not_worse":
      return `not worse than the margin of ${margin}`;
    case "undecided":
      if (method === "none") return "undecided: add cases of other conversations";
      return moreCases >= 100_000
        ? "undecided, and more cases would hardly help"
        : `undecided: about ${moreCases} more cases would decide`;
  }
}

function figureWords({ figure, baseline, candidate, change, interval: [low, high] }: FigureComparison): string {
  const shown = (value: number) => (Math.abs(value) < 10 ? value.toFixed(3) : String(Math.round(value)));
  const range = Number.isFinite(low)
    ? `95 % interval ${signedPercent(low)} to ${signedPercent(high)}`
    : "too few conversations for an interval";
  return `${figure}: ${shown(candidate)} against ${shown(baseline)}, ${signedPercent(change)} (${range})`;
}

function resultWords({ exitCode, comparisons, left }: EvalSummary): string {
  switch (exitCode) {
    case 0:
      return comparisons.length > 0 ? "Result: no scorer is worse than its margin." : "Result: all cases pass.";
    case 1:
      return comparisons.length > 0 ? "Result: worse, or a required case failed." : "Result: a case failed.";
    case 2:
      return left > 0 ? "Result: not decided, because runs are missing." : "Result: not decided.";
  }
}

/** Micro-dollars as dollars, with as many digits as say something. */
export function dollars(micros: number): string {
  const value = micros / 1e6;
  return `$${value >= 1 ? value.toFixed(2) : value >= 0.01 ? value.toFixed(3) : value.toFixed(6).replace(/0{1,3}$/, "")}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(3)}`;
}

function signedPercent(value: number): string {
  return `${value < 0 ? "-" : "+"}${(Math.abs(value) * 100).toFixed(1)} %`;
}

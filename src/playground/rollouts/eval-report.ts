/** Reads the `summary.json` that `longline eval` writes. A file that is none is named with what is wrong in it; nothing in it is trusted to be what it should be. Pure. */

export interface ShownArm {
  name: string;
  version: string;
  model: string;
  cases: number;
  passedEvery: number;
  interval: readonly [number, number];
  costMicros: number;
  cachedShare: number;
  meanDurationMs: number;
}

export interface EvalScorer {
  scorer: string;
  verdict: string;
  baseline: number;
  candidate: number;
  difference: number;
  interval: readonly [number, number];
  moreCases?: number;
}

export interface EvalReport {
  file: string;
  cases: string;
  trials: number;
  arms: ShownArm[];
  comparisons: { candidate: string; baseline: string; scorers: EvalScorer[] }[];
  failed: { case: string; arm: string; faults: string[] }[];
  warnings: string[];
  left: number;
  exitCode: number;
}

/** More is no summary. */
const mostBytes = 5_000_000;

/** The report, or a sentence on why the file is none. */
export function readEvalReport(file: string, text: string): EvalReport | string {
  if (text.length > mostBytes) return `${file} is too large for a summary.`;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return `${file} is no JSON. Choose the summary.json in the folder of the evaluation.`;
  }
  try {
    return reportOf(file, fieldsOf(read, "it"));
  } catch (error) {
    if (!(error instanceof WrongField)) throw error;
    return `${file} is no summary of an evaluation: ${error.message}.`;
  }
}

class WrongField extends Error {}

type ReadFields = Readonly<Record<string, unknown>>;

function reportOf(file: string, of: ReadFields): EvalReport {
  return {
    file,
    cases: textOf(of, "cases"),
    trials: numberOf(of, "trials"),
    arms: listOf(of, "arms").map(armOf),
    comparisons: listOf(of, "comparisons").map((each) => {
      const fields = fieldsOf(each, "comparisons");
      return {
        candidate: textOf(fields, "candidate"),
        baseline: textOf(fields, "baseline"),
        scorers: listOf(fields, "scorers").map(scorerOf),
      };
    }),
    failed: listOf(of, "failed").map((each) => {
      const fields = fieldsOf(each, "failed");
      return { case: textOf(fields, "case"), arm: textOf(fields, "arm"), faults: listOf(fields, "faults").map(String) };
    }),
    warnings: listOf(of, "warnings").map(String),
    left: numberOf(of, "left"),
    exitCode: numberOf(of, "exitCode"),
  };
}

function armOf(each: unknown): ShownArm {
  const fields = fieldsOf(each, "arms");
  return {
    name: textOf(fields, "name"),
    version: textOf(fields, "version"),
    model: textOf(fields, "model"),
    cases: numberOf(fields, "cases"),
    passedEvery: numberOf(fields, "passedEvery"),
    interval: intervalOf(fields),
    costMicros: numberOf(fields, "costMicros"),
    cachedShare: numberOf(fields, "cachedShare"),
    meanDurationMs: numberOf(fields, "meanDurationMs"),
  };
}

function scorerOf(each: unknown): EvalScorer {
  const fields = fieldsOf(each, "scorers");
  const { moreCases } = fields;
  return {
    scorer: textOf(fields, "scorer"),
    verdict: textOf(fields, "verdict"),
    baseline: numberOf(fields, "baseline"),
    candidate: numberOf(fields, "candidate"),
    difference: numberOf(fields, "difference"),
    interval: intervalOf(fields),
    ...(typeof moreCases === "number" && { moreCases }),
  };
}

function fieldsOf(value: unknown, name: string): ReadFields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new WrongField(`${name} must be an object`);
  return value as ReadFields;
}

function textOf(of: ReadFields, name: string): string {
  const value = of[name];
  if (typeof value !== "string") throw new WrongField(`${name} must be a text`);
  return value;
}

function numberOf(of: ReadFields, name: string): number {
  const value = of[name];
  if (typeof value !== "number" || !Number.isFinite(value)) throw new WrongField(`${name} must be a number`);
  return value;
}

function listOf(of: ReadFields, name: string): readonly unknown[] {
  const value = of[name];
  if (!Array.isArray(value)) throw new WrongField(`${name} must be a list`);
  return value;
}

function intervalOf(of: ReadFields): [number, number] {
  const [low, high] = listOf(of, "interval");
  if (typeof low !== "number" || typeof high !== "number") throw new WrongField("interval must be two numbers");
  return [low, high];
}

/** What the exit code of an evaluation means, in words, and the class that colours it. */
export function evalOutcome({ exitCode, left }: Pick<EvalReport, "exitCode" | "left">): { dot: string; words: string } {
  if (exitCode === 0) return { dot: "idle", words: "all gates hold" };
  if (exitCode === 1) return { dot: "failed", words: "worse, or a case failed that must not" };
  return { dot: "waiting", words: left > 0 ? `not finished: ${left} runs are missing` : "undecided" };
}

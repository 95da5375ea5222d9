/** `longline eval`: runs cases, compares, writes the report, and says by its exit code whether the gates hold. */
import { hookSources } from "../source-hooks.ts";
import { UsageError } from "../usage.ts";
import { type Baseline, readBaseline, saveBaseline } from "./baseline.ts";
import { judgeDoubts, readCalibrations } from "./calibration.ts";
import { type Dataset, readCases } from "./dataset/read-cases.ts";
import { type EvalOptions, evalUsage, readOptions } from "./options.ts";
import { type EvalSummary, summarize } from "./report/summarize.ts";
import { dollars, summaryWords } from "./report/words.ts";
import { writeReport } from "./report/write-report.ts";
import type { EvalArm } from "./run/arms.ts";
import { EvalFolder, type Plan } from "./run/folder.ts";
import { preferencesOf } from "./run/preferences.ts";
import { CannotRun, type RunResult } from "./run/result.ts";
import { type Ended, runAll } from "./run/run-all.ts";
import type { Judge } from "./score/judge.ts";
import { ownScorers } from "./score/own-scorers.ts";
import type { ScoringTools } from "./score/score-run.ts";

const commands: Record<string, () => Promise<(given: string[]) => Promise<void>>> = {
  add: async () => (await import("./add.ts")).addCase,
  record: async () => (await import("./record-session.ts")).recordSession,
  calibrate: async () => (await import("./calibrate.ts")).calibrate,
};

/** Ctrl-C: all is kept that is there, and the process ends once the report is written. */
const interrupted = new AbortController();

export async function evaluate(given: string[]): Promise<void> {
  hookSources();
  const own = commands[given[0] ?? ""];
  try {
    if (own !== undefined) return await (await own())(given.slice(1));
    const options = readOptions(given);
    if (options === undefined) return console.log(evalUsage);
    process.exitCode = options.killEvery ? await runKills(options) : (await runEval(options)).exitCode;
    // What was still being asked is not waited for.
    if (interrupted.signal.aborted) process.exit();
  } catch (error) {
    // A wrong file or a provider that is out of reach decides nothing: 1 would mean "worse".
    if (!isForUser(error)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

function isForUser(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return error instanceof UsageError || error instanceof CannotRun || code.startsWith("ERR_PARSE_ARGS_");
}

/** What the cases need beside arms: judge, own functions, baseline, and what is doubtful. */
interface Prepared {
  dataset: Dataset;
  arms: EvalArm[];
  baseline: Baseline | undefined;
  scoring: ScoringTools;
  warnings: string[];
}

/** Runs it all, writes the files, and prints the verdict. */
export async function runEval(options: EvalOptions): Promise<EvalSummary> {
  const prepared = await prepare(options);
  const { dataset, arms, baseline, warnings } = prepared;
  const plan: Plan = {
    cases: options.cases,
    digest: dataset.digest,
    trials: options.trials,
    arms: arms.map(({ name, agent, version, model }) => ({ name, agent, version, model })),
    startedAt: new Date().toISOString(),
  };
  const folder =
    options.resume === undefined
      ? EvalFolder.begin(options.out, plan)
      : EvalFolder.resume(options.out, options.resume, plan);
  const ended = await runInto(folder, options, prepared);
  const results = folder.results();
  const left = ended.left > 0 ? ended : await judgePairs(folder, prepared, results);
  const preferences = folder.preferences();
  const { margins } = options;
  const summary = summarize({ dataset, plan, results, preferences, baseline, margins, ended: left, warnings });
  writeReport(folder, summary, { dataset, results, at: plan.startedAt });
  console.log(summaryWords(summary));
  console.log(`Report: ${folder.path}/report.html`);
  if (summary.left > 0) console.log(`Go on: longline eval --resume ${folder.path}, with the same options.`);
  else if (options.saveBaseline !== undefined) keepFirst(options.saveBaseline, { dataset, arms, results });
  return summary;
}

/** 0: no tool does something twice; 1: some do. */
async function runKills(options: EvalOptions): Promise<0 | 1> {
  const dataset = tagged(readCases(options.cases), options.tags);
  const { armsOf } = await import("./run/choose-arms.ts");
  const { killCases, killWords } = await import("./kill-cases.ts");
  const { arms, recordings } = await armsOf({ ...options, recording: options.recording ?? "strict" }, dataset);
  const runner = arms[0]?.runner;
  if (runner === undefined || recordings === undefined) throw new UsageError("--kill-every: there is nothing to run.");
  const killed = await killCases(dataset, runner, recordings);
  console.log(killWords(killed));
  return killed.some(({ report }) => (report?.faults.length ?? 0) > 0) ? 1 : 0;
}

async function prepare(options: EvalOptions): Promise<Prepared> {
  const dataset = tagged(readCases(options.cases), options.tags);
  const baseline = options.baseline === undefined ? undefined : readBaseline(dataset, options.baseline);
  const own = await ownScorers(dataset);
  // Loaded late: the names that an app imports must lead to this library first.
  const { armsOf } = await import("./run/choose-arms.ts");
  const { arms, judgeModel } = await armsOf(options, dataset);
  const needsJudge = dataset.cases.some(({ expect }) => expect.judge !== undefined || expect.prefer !== undefined);
  const judge: Judge | undefined = needsJudge
    ? (await import("./score/judge.ts")).createJudge(await judgeModel())
    : undefined;
  const doubts = judge && judgeDoubts(dataset.cases, judge.model, readCalibrations(dataset.folder));
  if (doubts !== undefined && doubts.refused.length > 0 && !options.uncalibrated)
    throw new UsageError(`${doubts.refused.join("\n")}\nChange the rubric or the judge, or add --uncalibrated.`);
  const warnings = [...demoWarnings(options, arms), ...(doubts?.warnings ?? [])];
  return { dataset, arms, baseline, scoring: { judge, own }, warnings };
}

/** Without a provider the demo model is in the place of every other. */
function demoWarnings({ models }: EvalOptions, arms: readonly EvalArm[]): string[] {
  const isMeant = models.length === 0 || models.includes("demo");
  if (isMeant || arms.some(({ model }) => model !== "demo")) return [];
  return [`no provider is configured (MODEL_API_KEY): the demo model answers in place of ${models.join(", ")}`];
}

function tagged(dataset: Dataset, tags: readonly string[]): Dataset {
  if (tags.length === 0) return dataset;
  const cases = dataset.cases.filter((each) => tags.some((tag) => each.tags.includes(tag)));
  if (cases.length === 0) throw new UsageError(`No case of ${dataset.path} has the tag ${tags.join(" or ")}.`);
  return { ...dataset, cases };
}

/** Ctrl-C ends it at once; each result that was there is kept. */
async function runInto(folder: EvalFolder, options: EvalOptions, { dataset, arms, scoring }: Prepared): Promise<Ended> {
  const done = folder.results();
  const total = arms.length * dataset.cases.length * options.trials;
  const progress = new EvalProgress(
    process.stderr,
    arms.map(({ name }) => name),
    total,
  );
  const { signal } = interrupted;
  const stop = () => interrupted.abort();
  process.once("SIGINT", stop);
  const isStopped = new Promise<Ended>((resolve) =>
    signal.addEventListener("abort", () => {
      const done = folder.results().length;
      resolve({ left: total - done, ...(done < total && { why: "it was stopped" }) });
    }),
  );
  try {
    const { trials, concurrency, budgetMicros } = options;
    const onResult = (result: RunResult) => {
      folder.add(result);
      progress.add(result);
    };
    const work = {
      arms,
      cases: dataset.cases,
      trials,
      concurrency,
      budgetMicros,
      scoring,
      signal,
      done,
      onResult,
    };
    return await Promise.race([runAll(work), isStopped]);
  } finally {
    process.removeListener("SIGINT", stop);
  }
}

/** Judges answers against each other once all are there. What could not be judged is missing. */
async function judgePairs(
  folder: EvalFolder,
  { dataset, arms, baseline, scoring }: Prepared,
  results: readonly RunResult[],
): Promise<Ended> {
  const { judge } = scoring;
  const [first] = arms;
  if (judge === undefined || first === undefined || !dataset.cases.some(({ expect }) => expect.prefer !== undefined))
    return { left: 0 };
  const before = baseline?.runs ?? results.filter(({ arm }) => arm === first.name);
  const done = folder.preferences();
  for (const { name } of baseline === undefined ? arms.slice(1) : arms) {
    const answers = results.filter(({ arm }) => arm === name);
    try {
      for await (const found of preferencesOf({
        cases: dataset.cases,
        judge,
        candidate: name,
        baseline: before,
        answers,
        done,
      }))
        folder.addPreference(found);
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      return { left: 1, why: error.message };
    }
  }
  return { left: 0 };
}

function keepFirst(
  name: string,
  { dataset, arms, results }: { dataset: Dataset; arms: readonly EvalArm[]; results: readonly RunResult[] },
): void {
  const [first] = arms;
  if (first === undefined) return;
  const { name: arm, version, model } = first;
  const own = results.filter((result) => result.arm === arm);
  console.log(`Baseline: ${saveBaseline(dataset, name, { arm, version, model, results: own })}`);
}

/** Where it writes; `isTTY` false: lines alone. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows how far an evaluation is: a table that is written over on a terminal, else a line at every tenth. Writes to the error stream, so that the result can be piped. */
export class EvalProgress {
  readonly #stream: ProgressStream;
  readonly #total: number;
  readonly #arms: readonly string[];
  readonly #results: RunResult[] = [];
  #lines = 0;
  #tenths = 0;

  constructor(stream: ProgressStream, arms: readonly string[], total: number) {
    this.#stream = stream;
    this.#arms = arms;
    this.#total = total;
  }

  add(result: RunResult): void {
    this.#results.push(result);
    if (this.#stream.isTTY) this.#draw();
    else this.#line();
  }

  #draw(): void {
    const done = this.#results.length;
    const filled = Math.round((30 * done) / Math.max(1, this.#total));
    const width = Math.max(...this.#arms.map((arm) => arm.length));
    const rows = [
      `${"█".repeat(filled)}${"░".repeat(30 - filled)} ${done} of ${this.#total}`,
      ...this.#arms.map((arm) => this.#row(arm, width)),
    ];
    const up = this.#lines === 0 ? "" : `\u001b[${this.#lines}A`;
    this.#stream.write(`${up}${rows.map((row) => `\u001b[2K${row}\n`).join("")}`);
    this.#lines = rows.length;
  }

  #row(arm: string, width: number): string {
    const own = this.#results.filter((result) => result.arm === arm);
    const passed = own.filter(({ scores }) => scores.passed === 1).length;
    const cost = own.reduce((sum, { costMicros, judgeCostMicros }) => sum + costMicros + judgeCostMicros, 0);
    return `  ${arm.padEnd(width)}  ${String(passed).padStart(4)} of ${String(own.length).padEnd(4)} pass  ${dollars(cost)}`;
  }

  #line(): void {
    const tenths = Math.floor((10 * this.#results.length) / Math.max(1, this.#total));
    if (tenths === this.#tenths) return;
    this.#tenths = tenths;
    this.#stream.write(`${this.#results.length} of ${this.#total} runs\n`);
  }
}

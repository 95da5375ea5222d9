/**
 * `npm run soak -- --only stutter --files test/e2e/a.test.ts[,...] --rounds 20 --seed 3 [--project e2e]`: runs files of tests again
 * and again, while the processes of each run are stopped and continued at random, have one core or several, and pages run slower.
 * Prints which tests failed how often. It finds tests and code that are right on a quiet machine only.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { Chance, pause } from "./harness/chance.ts";
import { membersOf, signal } from "./harness/process-tree.ts";
import { stutter } from "./harness/stutter-schedule.ts";

/** Where the output of runs that failed is kept. */
const kept = ".wrangler/stutter";
/** A run that takes longer is ended, and counts as failed. */
const longestMs = 1_200_000;
/** How long the processes of a run may take to end after it. */
const endingMs = 10_000;
/** In the place of a file: what is wrong with a run, and with no test of it. */
const theRun = "(the run itself)";

interface StutterRun {
  files: readonly string[];
  rounds: number;
  seed: number;
  /** Of vitest. */
  project: string;
}

/** What a run found of one file. */
interface Outcome {
  file: string;
  ms: number;
  /** Titles of tests, each with the first line of its failure. */
  failures: string[];
}

/** The parts that are used of what vitest's reporter `json` writes. */
interface JsonReport {
  testResults: {
    name: string;
    startTime: number;
    endTime: number;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/** @returns whether no test failed. @throws where the system has no /proc. */
export async function runStutter({ files, rounds, seed, project }: StutterRun): Promise<boolean> {
  if (!existsSync("/proc/self/stat")) throw new Error("--only stutter stops processes by /proc: it needs Linux.");
  mkdirSync(kept, { recursive: true });
  const outcomes: Outcome[] = [];
  for (let round = 0; round < rounds; round++) {
    const { stops, found } = await runOnce({ files, seed: seed + round, project });
    outcomes.push(...found);
    const failures = found.flatMap((outcome) => outcome.failures);
    const words = failures.length === 0 ? "all passed" : failures.join("\n  ");
    console.log(`seed ${seed + round}, ${stops} stops, ${seconds(longestOf(found))} s: ${words}`);
  }
  console.log(tableOf(outcomes));
  return outcomes.every(({ failures }) => failures.length === 0);
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
const longestOf = (outcomes: readonly Outcome[]) => Math.max(0, ...outcomes.map(({ ms }) => ms));

function tableOf(outcomes: readonly Outcome[]): string {
  const lines = [...Map.groupBy(outcomes, ({ file }) => file)].flatMap(([file, runs]) => {
    const failures = runs.flatMap((run) => run.failures);
    const failed = runs.filter((run) => run.failures.length > 0).length;
    return [
      `| ${file} | ${runs.length} | ${failed} | ${seconds(longestOf(runs))} |`,
      ...[...Map.groupBy(failures, (failure) => failure)].map(([failure, times]) => `  ${times.length} x ${failure}`),
    ];
  });
  return ["| file | rounds | failed | longest in s |", "|---|---|---|---|", ...lines].join("\n");
}

/** All the files in one run of vitest, under the schedule of the seed. */
async function runOnce({ files, seed, project }: Omit<StutterRun, "rounds">) {
  const chance = new Chance(seed, "stutter");
  const [report, log] = ["json", "log"].map((kind) => join(kept, `${seed}.${kind}`)) as [string, string];
  rmSync(report, { force: true });
  const run = `${process.pid}-${seed}`;
  const mark = `LONGLINE_STUTTER=${run}`;
  const env = { ...process.env, LONGLINE_STUTTER: run, LONGLINE_PAGE_SLOWNESS: String(chance.pick([1, 1, 2, 4])) };
  const args = ["vitest", "run", "--project", project, ...files, "--retry=0", "--reporter=default", "--reporter=json"];
  const output = openSync(log, "w");
  const child = spawn("npx", [...args, `--outputFile=${report}`], { env, stdio: ["ignore", output, output] });
  const ended = new AbortController();
  const stuttering = stutter(mark, chance, ended.signal);
  const limit = setTimeout(() => signal(membersOf(mark), "SIGKILL"), longestMs);
  const [code] = (await once(child, "exit")) as [number | null];
  clearTimeout(limit);
  ended.abort();
  const { stops } = await stuttering;
  const ofFiles = outcomesOf(report);
  const ofRun = [...runFailures(ofFiles, code), ...(await endLeft(mark))];
  const found = ofRun.length === 0 ? ofFiles : [...ofFiles, { file: theRun, ms: 0, failures: ofRun }];
  if (found.every(({ failures }) => failures.length === 0)) for (const path of [report, log]) rmSync(path);
  return { stops, found };
}

function outcomesOf(report: string): Outcome[] {
  if (!existsSync(report)) return [];
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as JsonReport;
  return testResults.map(({ name, startTime, endTime, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === "failed");
    const failures = failed.map(({ fullName, failureMessages: [text = ""] }) => `${fullName}: ${firstLine(text)}`);
    // A hook that failed is the file's.
    const ofFile = failures.length === 0 && message !== "" ? [firstLine(message)] : failures;
    return { file: relative(process.cwd(), name), ms: endTime - startTime, failures: ofFile };
  });
}

/** What the runner says by its exit code alone: an error that no test waited for, or its own end. */
function runFailures(ofFiles: readonly Outcome[], code: number | null): string[] {
  if (ofFiles.length === 0) return [`it ended with ${code} and without a report`];
  const isToldByTest = ofFiles.some(({ failures }) => failures.length > 0);
  return code === 0 || isToldByTest ? [] : [`it ended with ${code}, and no test failed`];
}

const firstLine = (text: string) => text.split("\n")[0]?.slice(0, 200) ?? "";

/** Ends what a run has left, which is a failure of its own: its tests did not stop what they began. */
async function endLeft(mark: string): Promise<string[]> {
  for (const deadline = Date.now() + endingMs; membersOf(mark).length > 0 && Date.now() < deadline; ) await pause(100);
  const left = membersOf(mark);
  signal(left, "SIGKILL");
  return left.map(({ name }) => `a process was left: ${name}`);
}

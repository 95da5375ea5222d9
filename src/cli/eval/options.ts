/** What `longline eval` is given, read and checked: nothing is run before all of it is right. */
import { parseArgs } from "node:util";
import { modeFromEnvironment, type RecordingMode } from "../../test-kit/recorded.ts";
import type { VersionSourceAddress } from "../kept-version.ts";
import { UsageError } from "../usage.ts";

export const evalUsage = `Usage: longline eval [OPTIONS]
       longline eval add --session ID --turn T --url URL [--key KEY] [--id ID] [--cases FILE]
       longline eval record --session ID --url URL [--key KEY] [--turn T] --out FILE
       longline eval calibrate --labels FILE --judge MODEL [--accept]

Runs the cases of evals/ through the app's agents, in this process, with tools that give what the cases say.

  --cases FILE|FOLDER      JSONL cases; evals
  --worker FILE            the Worker's module; as wrangler.toml says
  --url URL [--key KEY]    a Worker that runs, in place of this process; needs --live-tools. The key: LONGLINE_KEY
  --agent A,B  --model A,B  --version v_a,v_b  --instructions A.md,B.md
                           arms: each combination answers all cases; the first one is the baseline
  --versions-from URL      the Worker that keeps versions which are not the code's, with --key KEY
  --baseline NAME          compares with a kept baseline
  --save-baseline NAME     keeps the first arm as a baseline: evals/baselines/NAME.json, to be committed
  --worse-by M|SCORER=M    how much worse a candidate may be; 0.05. Can be given again
  --trials N               runs of each case; 1
  --concurrency N          runs at the same time; 4
  --tag T                  only cases with this tag. Can be given again
  --budget DOLLARS         stops before more is spent
  --judge MODEL            judges rubrics; the agent's first model
  --uncalibrated           uses a judge that agrees too little with people, or of which nothing is known
  --live-tools             tools without a stub really run
  --kill-every step        loses the instance at every point of the recorded cases, and says which tools do something twice
  --resume latest|FOLDER   goes on with an evaluation that was stopped
  --out FOLDER             .longline/evals

LONGLINE_CASSETTE=record keeps what models and tools' requests answer in evals/recordings, =replay answers from there
and adds what is missing, =strict asks nothing outside.

Exit code 0: all gates hold. 1: worse, or a case failed. 2: not decided, or it could not run.
`;

/** Lists are empty where nothing was given. */
export interface EvalOptions {
  cases: string;
  worker: string | undefined;
  url: string | undefined;
  key: string | undefined;
  agents: string[];
  models: string[];
  versions: string[];
  versionsFrom: VersionSourceAddress | undefined;
  instructions: string[];
  baseline: string | undefined;
  saveBaseline: string | undefined;
  margins: Record<string, number>;
  trials: number;
  concurrency: number;
  tags: string[];
  budgetMicros: number | undefined;
  judge: string | undefined;
  uncalibrated: boolean;
  liveTools: boolean;
  resume: string | undefined;
  /** Absent: nothing is recorded. */
  recording: RecordingMode | undefined;
  killEvery: boolean;
  out: string;
}

const text = { type: "string" } as const;

/** Options of the commands that read a session of a Worker. */
export const sessionOptions = {
  session: text,
  turn: text,
  url: text,
  key: text,
  help: { type: "boolean", default: false },
} as const;

const flag = { type: "boolean", default: false } as const;

const known = {
  cases: { ...text, default: "evals" },
  worker: text,
  url: text,
  key: text,
  agent: text,
  model: text,
  version: text,
  "versions-from": text,
  instructions: text,
  baseline: text,
  "save-baseline": text,
  "worse-by": { ...text, multiple: true },
  trials: text,
  concurrency: text,
  tag: { ...text, multiple: true },
  budget: text,
  judge: text,
  uncalibrated: flag,
  "live-tools": flag,
  resume: text,
  "kill-every": text,
  out: { ...text, default: ".longline/evals" },
  help: flag,
} as const;

/** `undefined`: help was wanted. Throws a `UsageError`, or what `parseArgs` throws. */
export function readOptions(given: string[]): EvalOptions | undefined {
  const { values } = parseArgs({ args: given, options: known });
  if (values.help) return undefined;
  const options: EvalOptions = {
    cases: values.cases,
    worker: values.worker,
    url: values.url,
    key: values.key ?? process.env.LONGLINE_KEY,
    agents: listOf(values.agent),
    models: listOf(values.model),
    versions: listOf(values.version),
    versionsFrom: versionSource(values["versions-from"], values.key ?? process.env.LONGLINE_KEY),
    instructions: listOf(values.instructions),
    baseline: values.baseline,
    saveBaseline: values["save-baseline"],
    margins: marginsOf(values["worse-by"] ?? []),
    trials: wholeNumber("--trials", values.trials, { otherwise: 1, most: 1_000 }),
    concurrency: wholeNumber("--concurrency", values.concurrency, { otherwise: 4, most: 100 }),
    tags: values.tag ?? [],
    budgetMicros: values.budget === undefined ? undefined : Math.round(positive("--budget", values.budget) * 1e6),
    judge: values.judge,
    uncalibrated: values.uncalibrated,
    liveTools: values["live-tools"],
    resume: values.resume,
    recording: recordingMode(),
    killEvery: killsEvery(values["kill-every"]),
    out: values.out,
  };
  mustFit(options);
  return options;
}

function versionSource(url: string | undefined, key: string | undefined): VersionSourceAddress | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url)) throw new UsageError(`--versions-from: "${url}" is no address.`);
  if (key === undefined)
    throw new UsageError("--versions-from: give the Worker's key: --key KEY, or the variable LONGLINE_KEY.");
  return { url, key };
}

function recordingMode(): RecordingMode | undefined {
  if ((process.env.LONGLINE_CASSETTE ?? "") === "") return undefined;
  try {
    return modeFromEnvironment();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function killsEvery(given: string | undefined): boolean {
  if (given === undefined || given === "step") return given === "step";
  throw new UsageError(`--kill-every: "${given}" must be step.`);
}

function mustFit({ url, liveTools, instructions, versions, worker, recording, killEvery }: EvalOptions): void {
  if (url === undefined) return;
  if (recording !== undefined || killEvery)
    throw new UsageError(
      "--url: recordings are of runs in this process. Leave out LONGLINE_CASSETTE and --kill-every.",
    );
  if (!URL.canParse(url)) throw new UsageError(`--url: "${url}" is no address.`);
  if (!liveTools)
    throw new UsageError(
      "--url: a Worker runs its own tools, and stubs of cases do not reach it. Add --live-tools if that does no harm.",
    );
  const wrong = Object.entries({
    "--instructions": instructions.length,
    "--version": versions.length,
    "--worker": Number(worker !== undefined),
  })
    .filter(([, count]) => count > 0)
    .map(([name]) => name);
  if (wrong.length > 0)
    throw new UsageError(`${wrong.join(", ")}: a Worker that runs has its own. Leave out --url to compare them here.`);
}

function listOf(given: string | undefined): string[] {
  return (given ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** By scorer; `""`: of all others. */
function marginsOf(given: readonly string[]): Record<string, number> {
  const margins: Record<string, number> = { "": 0.05 };
  for (const each of given) {
    const at = each.lastIndexOf("=");
    const value = Number(each.slice(at + 1));
    if (!(value >= 0 && value <= 1)) throw new UsageError(`--worse-by: "${each}" must be from 0 to 1, or SCORER=0.05.`);
    margins[at < 0 ? "" : each.slice(0, at)] = value;
  }
  return margins;
}

function wholeNumber(
  name: string,
  given: string | undefined,
  { otherwise, most }: { otherwise: number; most: number },
): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError(`${name}: "${given}" must be a whole number from 1 to ${most}.`);
}

function positive(name: string, given: string): number {
  const value = Number(given);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`${name}: "${given}" must be a number of dollars above 0.`);
}

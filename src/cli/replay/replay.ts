/** `longline replay`: runs what really happened with a candidate in the shadow, and says whether it is better and what the change costs. No effect can happen. */

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { LonglineError } from "../../client/longline-error.ts";
import { CannotRun } from "../eval/run/result.ts";
import { hookSources } from "../source-hooks.ts";
import { UsageError } from "../usage.ts";
import type { ReplayOptions } from "./run-replay.ts";

export async function replay(given: string[]): Promise<void> {
  hookSources();
  try {
    const options = readReplay(given, Date.now());
    if (options === undefined) return console.log(replayUsage);
    const { runReplay } = await import("./run-replay.ts");
    process.exitCode = await runReplay(options);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const isForUser = error instanceof UsageError || error instanceof CannotRun || error instanceof LonglineError;
    if (!(error instanceof Error) || !(isForUser || code.startsWith("ERR_PARSE_ARGS_") || error instanceof TypeError))
      throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** What `longline replay` is given, read and checked. */
const replayUsage = `Usage: longline replay [--since 7d] [--limit 200] [--candidate FILE|VERSION] [--url URL] [--key KEY]

Takes turns that a Worker has recorded, asks the candidate's model, and gives it the results that tools gave then. A call that
was not made then ends the turn there: "diverged at step k". No tool runs.

  --since 7d               turns that ended since then: 12h, 7d
  --limit 200              most turns
  --candidate FILE|v_…     instructions in place of the agent's; or a version, of this code or one that the Worker keeps;
                           the agent as it is in this code when this is left out
  --agent NAME             the agent; the default one
  --model MODEL            the candidate's model
  --judge MODEL            judges the answers against the recorded ones, in both orders
  --prefer RUBRIC          what makes an answer better
  --worse-by M             how much worse a candidate may be; 0.05
  --least-judged SHARE     the share of turns that must have gone the way that they went then, for "not worse"; 0.5
  --url URL --key KEY      the Worker that has the sessions; http://127.0.0.1:8787. The key: LONGLINE_KEY
  --worker FILE            the Worker's module here; as wrangler.toml says
  --out FOLDER             .longline/replays

Exit code 0: not worse. 1: worse. 2: not decided, because the answers do not tell or too few turns could be judged, or it could not run.
`;

const text = { type: "string" } as const;
const known = {
  since: { ...text, default: "7d" },
  limit: { ...text, default: "200" },
  candidate: text,
  agent: text,
  model: text,
  judge: text,
  prefer: { ...text, default: "It is more correct, more complete, and says nothing that the tools did not." },
  "worse-by": { ...text, default: "0.05" },
  "least-judged": { ...text, default: "0.5" },
  url: { ...text, default: "http://127.0.0.1:8787" },
  key: text,
  worker: text,
  out: { ...text, default: ".longline/replays" },
  help: { type: "boolean", default: false },
} as const;

/** `undefined`: help was wanted. */
export function readReplay(given: string[], nowMs: number): ReplayOptions | undefined {
  const { values } = parseArgs({ args: given, options: known });
  if (values.help) return undefined;
  const ageMs = durationMs(values.since);
  const limit = Number(values.limit);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 10_000))
    throw new UsageError(`--limit: "${values.limit}" must be a whole number from 1 to 10000.`);
  const margin = shareOf(values, "worse-by");
  const { candidate } = values;
  const isVersion = candidate !== undefined && /^v_[0-9a-f]+$/.test(candidate);
  if (candidate !== undefined && !isVersion && !existsSync(candidate))
    throw new UsageError(
      `--candidate: there is no file ${candidate}. Name a file of instructions, or a version (v_…).`,
    );
  const key = values.key ?? process.env.LONGLINE_KEY ?? "dev-key";
  return {
    sinceMs: nowMs - ageMs,
    windowDays: ageMs / 86_400_000,
    limit,
    instructions: isVersion ? undefined : candidate,
    version: isVersion ? candidate : undefined,
    agent: values.agent,
    model: values.model,
    judge: values.judge,
    prefer: values.prefer,
    margin,
    leastJudged: shareOf(values, "least-judged"),
    worker: { url: values.url, key },
    module: values.worker,
    out: values.out,
  };
}

function shareOf<Name extends string>(values: Readonly<Record<Name, string>>, name: Name): number {
  const share = values[name].trim() === "" ? Number.NaN : Number(values[name]);
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`--${name}: "${values[name]}" must be from 0 to 1.`);
}

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function durationMs(given: string): number {
  const [, count, unit = ""] = /^(\d{1,4})([mhdw])$/.exec(given) ?? [];
  const unitMs = unitsMs[unit];
  if (count === undefined || unitMs === undefined || Number(count) === 0)
    throw new UsageError(`--since: "${given}" must be such as 12h or 7d.`);
  return Number(count) * unitMs;
}

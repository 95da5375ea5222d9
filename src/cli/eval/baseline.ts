/** A baseline under a name, kept as a file beside the cases, to be committed: what a version scored, case by case. No run becomes one by itself. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { UsageError } from "../usage.ts";
import { caseDigest, type Dataset } from "./dataset/read-cases.ts";
import type { RunResult } from "./run/result.ts";

const keptRun = z.object({
  case: z.string(),
  trial: z.number(),
  scores: z.record(z.string(), z.number().nullable()),
  answer: z.string(),
  costMicros: z.number(),
  durationMs: z.number(),
  inputTokens: z.number(),
  cachedTokens: z.number(),
  outputTokens: z.number(),
  steps: z.number(),
});
/** What is compared of a run. */
export type ComparedRun = z.infer<typeof keptRun>;

const baselineSchema = z.object({
  longline_baseline: z.literal(1),
  arm: z.string(),
  version: z.string(),
  model: z.string(),
  digest: z.string(),
  /** Digest of each case, so that an edited one is not compared. */
  cases: z.record(z.string(), z.string()),
  at: z.string(),
  runs: z.array(keptRun),
});
export type Baseline = z.infer<typeof baselineSchema>;

function baselinePath({ folder }: Pick<Dataset, "folder">, name: string): string {
  if (!/^[\w.-]{1,60}$/.test(name))
    throw new UsageError(`"${name}" is no name of a baseline: use letters, digits, "-", "_" and ".".`);
  return join(folder, "baselines", `${name}.json`);
}

/** Throws a `UsageError` when there is none, or it is none. */
export function readBaseline(dataset: Pick<Dataset, "folder">, name: string): Baseline {
  const path = baselinePath(dataset, name);
  if (!existsSync(path))
    throw new UsageError(
      `There is no baseline ${name} (${path}). Keep one first: longline eval --save-baseline ${name}`,
    );
  const parsed = baselineSchema.safeParse(readJsonFile(path));
  if (!parsed.success) throw new UsageError(`${path} is no baseline: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function readJsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Returns the path. One case a line, so that a change of it is read easily. */
export function saveBaseline(
  dataset: Dataset,
  name: string,
  of: Pick<Baseline, "arm" | "version" | "model"> & { results: readonly RunResult[] },
): string {
  const path = baselinePath(dataset, name);
  const { results, ...about } = of;
  const cases = Object.fromEntries(dataset.cases.map((each) => [each.id, caseDigest(each)]));
  const head = { longline_baseline: 1, ...about, digest: dataset.digest, cases, at: new Date().toISOString() };
  const runs = results
    .toSorted((a, b) => (a.case === b.case ? a.trial - b.trial : a.case < b.case ? -1 : 1))
    .map((result) => JSON.stringify(keptRun.parse(result)));
  mkdirSync(dirname(path), { recursive: true });
  const text = JSON.stringify(head, null, 1).replace(/\n}$/, `,\n "runs": [\n${runs.join(",\n")}\n]}`);
  writeFileSync(path, `${text}\n`);
  return path;
}

/** How the cases differ from those of the baseline. `edited` and `added` are not compared. */
export function editedSince(
  baseline: Baseline,
  { cases, digest }: Dataset,
): { edited: string[]; added: string[]; removed: string[] } {
  if (baseline.digest === digest) return { edited: [], added: [], removed: [] };
  const now = new Map(cases.map((each) => [each.id, caseDigest(each)]));
  const ids = [...now.keys()];
  return {
    edited: ids.filter((id) => baseline.cases[id] !== undefined && baseline.cases[id] !== now.get(id)),
    added: ids.filter((id) => baseline.cases[id] === undefined),
    removed: Object.keys(baseline.cases).filter((id) => !now.has(id)),
  };
}

/** `longline eval calibrate`: lets a judge rate answers that people have rated, and says how far they agree. */
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { UsageError } from "../usage.ts";
import { type Calibration, keepCalibrations, leastKappa } from "./calibration.ts";
import { evalUsage } from "./options.ts";
import { reachedModels } from "./run/arms.ts";
import { agentOf, loadApp, workerPath } from "./run/load-app.ts";
import { createJudge, type Judge, rubricDigest } from "./score/judge.ts";
import { cohensKappa } from "./statistics/proportions.ts";

const labelSchema = z.strictObject({
  rubric: z.string().min(1),
  question: z.string(),
  answer: z.string(),
  /** What a person says: whether the answer has what the rubric asks for. */
  pass: z.boolean(),
});
type Label = z.infer<typeof labelSchema>;

/** As many labels make a kappa that says something. */
const enoughLabels = 50;

export async function calibrate(given: string[]): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: given,
    options: {
      labels: text,
      judge: text,
      agent: text,
      worker: text,
      accept: { type: "boolean", default: false },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(evalUsage);
  if (values.labels === undefined) throw new UsageError(`Name the labels: --labels evals/labels.jsonl\n\n${evalUsage}`);
  const labels = readLabels(values.labels);
  const loaded = await loadApp(workerPath(values.worker));
  const [model] = reachedModels(loaded, agentOf(loaded.app, values.agent), values.judge);
  const found = await calibrations(createJudge(model), labels, values.accept);
  for (const { words } of found) console.log(words);
  const kept = found.flatMap(({ calibration }) => (calibration === undefined ? [] : [calibration]));
  if (kept.length > 0) console.log(`Kept in ${keepCalibrations(dirname(values.labels), kept)}.`);
  if (kept.length < found.length) process.exitCode = 1;
}

/** Throws a `UsageError` that names each line that is wrong. */
export function readLabels(path: string): Label[] {
  if (!existsSync(path))
    throw new UsageError(`There is no ${path}. A line: {"rubric":"…","question":"…","answer":"…","pass":true}`);
  const labels: Label[] = [];
  const faults: string[] = [];
  for (const [at, line] of readFileSync(path, "utf8").split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      labels.push(labelSchema.parse(JSON.parse(line)));
    } catch (error) {
      const words = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      faults.push(`- ${path}:${at + 1}: ${words}`);
    }
  }
  if (faults.length > 0) throw new UsageError(`These labels are wrong:\n${faults.join("\n")}`);
  if (labels.length === 0) throw new UsageError(`There is no label in ${path}.`);
  return labels;
}

/** Of each rubric. Without a `calibration`: it is refused, since the judge agrees too little. */
export async function calibrations(
  judge: Judge,
  labels: readonly Label[],
  isAccepted: boolean,
): Promise<{ words: string; calibration?: Calibration }[]> {
  const all: { words: string; calibration?: Calibration }[] = [];
  for (const [rubric, own] of Map.groupBy(labels, (label) => label.rubric)) {
    const rated: { person: boolean; score: number | null }[] = [];
    for (const { question, answer, pass } of own)
      rated.push({ person: pass, score: (await judge.rate(question, answer, rubric)).score });
    const pairs = rated.flatMap(({ person, score }) =>
      score === null ? [] : [[String(person), String(score === 1)] as const],
    );
    const { kappa, interval, agreement, count } = cohensKappa(pairs);
    const facts = `kappa ${kappa.toFixed(2)} (95 % interval ${interval[0].toFixed(2)} to ${interval[1].toFixed(2)}), same in ${Math.round(agreement * count)} of ${count}`;
    const missing = rated.length - count;
    const notes = [
      ...(missing > 0 ? [`${missing} could not be read`] : []),
      ...(count < enoughLabels ? [`${enoughLabels} labels are the least that say something`] : []),
    ];
    const words = `"${rubric}": ${judge.model}: ${[facts, ...notes].join("; ")}`;
    const isWeak = kappa < leastKappa;
    const kept = {
      judge: judge.model,
      rubric: rubricDigest(rubric),
      kappa,
      low: interval[0],
      high: interval[1],
      labels: count,
      accepted: isAccepted,
    };
    if (isWeak && !isAccepted)
      all.push({
        words: `${words}. Refused: below ${leastKappa} it says little of what people would. Change the rubric or the judge, or add --accept.`,
      });
    else all.push({ words, calibration: kept });
  }
  return all;
}

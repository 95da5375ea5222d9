/** How far judges agree with people, by model and rubric: `calibrations.json` beside the cases. Read this before you read a judge's score. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { EvalCase } from "./dataset/case.ts";
import { rubricDigest } from "./score/judge.ts";
import { rubricsOf } from "./score/score-run.ts";

const entry = z.object({
  judge: z.string(),
  rubric: z.string(),
  kappa: z.number(),
  low: z.number(),
  high: z.number(),
  labels: z.number(),
  accepted: z.boolean(),
});
export type Calibration = z.infer<typeof entry>;
const fileSchema = z.array(entry);

/** Below this a judge says little of what people would (J. Landis and G. Koch, Biometrics 33 (1977): 0.41 begins "moderate"). */
export const leastKappa = 0.4;

const fileName = "calibrations.json";

export function readCalibrations(folder: string): Calibration[] {
  const path = join(folder, fileName);
  return existsSync(path) ? fileSchema.parse(JSON.parse(readFileSync(path, "utf8"))) : [];
}

/** In place of an earlier one of the same judge and rubric. Returns the path. */
export function keepCalibrations(folder: string, found: readonly Calibration[]): string {
  const isNew = (one: Calibration) => !found.some(({ judge, rubric }) => judge === one.judge && rubric === one.rubric);
  const path = join(folder, fileName);
  writeFileSync(path, `${JSON.stringify([...readCalibrations(folder).filter(isNew), ...found], null, 2)}\n`);
  return path;
}

/** What is doubtful about the judge of these cases. `refused`: people would often say otherwise. */
export function judgeDoubts(
  cases: readonly EvalCase[],
  judge: string,
  known: readonly Calibration[],
): { warnings: string[]; refused: string[] } {
  const rubrics = new Map(cases.flatMap(rubricsOf).map(([name, rubric]) => [rubricDigest(rubric), name]));
  const preferences = cases.flatMap(({ expect: { prefer } }) => (prefer === undefined ? [] : [prefer]));
  for (const rubric of preferences) rubrics.set(rubricDigest(rubric), "preferred");
  const found = [...rubrics].map(([digest, name]) => ({
    name,
    calibration: known.find((one) => one.judge === judge && one.rubric === digest),
  }));
  const unknown = [...new Set(found.filter(({ calibration }) => calibration === undefined).map(({ name }) => name))];
  const weak = found.flatMap(({ name, calibration }) =>
    calibration !== undefined && calibration.kappa < leastKappa && !calibration.accepted
      ? [`${name}: ${judge} agrees with people by a kappa of ${calibration.kappa.toFixed(2)} only`]
      : [],
  );
  const words = `it is not known how far ${judge} agrees with people: longline eval calibrate --labels FILE`;
  return { warnings: unknown.map((name) => `${name}: ${words}`), refused: weak };
}

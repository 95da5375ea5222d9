/** The folder of one evaluation, `.longline/evals/<time>/`: its plan, and a line for each run as soon as it is over. A crash loses what was still running, and nothing else. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { UsageError } from "../../usage.ts";
import { type RunResult, resultSchema } from "./result.ts";

/** What has to be the same when an evaluation goes on. */
export const planSchema = z.object({
  cases: z.string(),
  digest: z.string(),
  trials: z.number(),
  arms: z.array(z.object({ name: z.string(), agent: z.string(), version: z.string(), model: z.string() })),
  startedAt: z.string(),
});
export type Plan = z.infer<typeof planSchema>;

/** A judge's word on the answers of two arms to one case. */
export const preferenceSchema = z.object({
  case: z.string(),
  trial: z.number(),
  candidate: z.string(),
  score: z.number().nullable(),
  why: z.string(),
  costMicros: z.number(),
});
export type Preference = z.infer<typeof preferenceSchema>;

export class EvalFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** A new folder in `root`, with its plan. */
  static begin(root: string, plan: Plan): EvalFolder {
    const name = plan.startedAt.replace(/[:.]/g, "-");
    let path = join(root, name);
    for (let again = 2; existsSync(path); again++) path = join(root, `${name}-${again}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "plan.json"), `${JSON.stringify(plan, null, 2)}\n`);
    return new EvalFolder(path);
  }

  /** The folder that goes on: `latest` is the newest of `root`. Throws a `UsageError` when it is of another plan. */
  static resume(root: string, given: string, plan: Plan): EvalFolder {
    const newest = existsSync(root) ? readdirSync(root).toSorted().at(-1) : undefined;
    const path = given === "latest" ? newest && join(root, newest) : given;
    if (path === undefined || !existsSync(join(path, "plan.json")))
      throw new UsageError(`--resume: there is no evaluation ${given === "latest" ? `in ${root}` : given}.`);
    const kept = planSchema.parse(JSON.parse(readFileSync(join(path, "plan.json"), "utf8")));
    const fault = planDifference(kept, plan);
    if (fault !== undefined) throw new UsageError(`--resume: ${path} cannot go on, because ${fault}. Start a new one.`);
    return new EvalFolder(path);
  }

  results(): RunResult[] {
    return this.#lines("results.jsonl").flatMap((line) => {
      const parsed = resultSchema.safeParse(line);
      return parsed.success ? [parsed.data] : [];
    });
  }

  add(result: RunResult): void {
    appendFileSync(join(this.path, "results.jsonl"), `${JSON.stringify(result)}\n`);
  }

  preferences(): Preference[] {
    return this.#lines("preferences.jsonl").flatMap((line) => {
      const parsed = preferenceSchema.safeParse(line);
      return parsed.success ? [parsed.data] : [];
    });
  }

  addPreference(preference: Preference): void {
    appendFileSync(join(this.path, "preferences.jsonl"), `${JSON.stringify(preference)}\n`);
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  /** A crash may have cut the last line: that run is made again. */
  #lines(name: string): unknown[] {
    const path = join(this.path, name);
    if (!existsSync(path)) return [];
    const text = readFileSync(path, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole !== text) writeFileSync(path, whole);
    return whole.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as unknown]));
  }
}

function planDifference(kept: Plan, plan: Plan): string | undefined {
  if (kept.digest !== plan.digest) return "its cases were edited since";
  if (kept.trials !== plan.trials) return `it has ${kept.trials} trials, not ${plan.trials}`;
  const text = ({ arms }: Plan) => JSON.stringify(arms.map(({ name, version, model }) => [name, version, model]));
  return text(kept) === text(plan)
    ? undefined
    : "its arms are others, or their instructions, tools or models were changed";
}

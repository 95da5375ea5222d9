/** Gives an outcome its scores: `passed` from its expectations, and one by each judge and each function of the project. */
import { type EvalCase, messagesOf } from "../dataset/case.ts";
import type { CaseOutcome, RunResult } from "../run/result.ts";
import { faultsOf } from "./expectations.ts";
import type { Judge } from "./judge.ts";
import { type OwnScorers, ownScore } from "./own-scorers.ts";

export interface ScoringTools {
  judge: Judge | undefined;
  own: OwnScorers;
}

export type Scored = Pick<RunResult, "scores" | "faults" | "missing" | "judgeCostMicros">;

/** What the case asks last, as a judge reads it. */
export function questionOf(each: EvalCase): string {
  return messagesOf(each)
    .filter(({ role }) => role !== "tool")
    .map(({ role, content }) => (role === "user" ? content : `[assistant] ${content}`))
    .join("\n\n");
}

/** The rubrics of a case by the names of their scorers. */
export function rubricsOf({ expect: { judge } }: EvalCase): [name: string, rubric: string][] {
  if (judge === undefined) return [];
  return typeof judge === "string"
    ? [["judge", judge]]
    : Object.entries(judge).map(([name, rubric]) => [`judge:${name}`, rubric]);
}

export async function scoreRun(each: EvalCase, outcome: CaseOutcome, { judge, own }: ScoringTools): Promise<Scored> {
  const faults = faultsOf(outcome, each.expect);
  const scores: Scored["scores"] = { passed: faults.length === 0 ? 1 : 0 };
  const missing: string[] = [];
  let judgeCostMicros = 0;
  const question = questionOf(each);
  const put = (name: string, score: number | null, why: string) => {
    scores[name] = score;
    if (score === null) missing.push(`${name}: ${why}`);
    else if (score < 1) faults.push(`${name}: ${score}${why === "" ? "" : `, ${why}`}`);
  };
  if (judge !== undefined)
    for (const [name, rubric] of rubricsOf(each)) {
      const { score, why, costMicros } = await judge.rate(question, outcome.answer, rubric);
      judgeCostMicros += costMicros;
      put(name, score, why);
    }
  for (const name of each.expect.own ?? []) {
    const scorer = own[name];
    if (scorer === undefined) continue;
    const { answer, status, calls, costMicros, durationMs } = outcome;
    const about = { id: each.id, tags: each.tags, expect: each.expect };
    const input = { case: about, question, answer, status, calls, costMicros, durationMs };
    const { score, reason } = await ownScore(scorer, input);
    put(name, score, reason);
  }
  return { scores, faults, missing, judgeCostMicros };
}

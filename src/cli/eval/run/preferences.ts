/** Has the answers of each candidate judged against those of the baseline, for cases that say what is better. */
import type { EvalCase } from "../dataset/case.ts";
import type { Judge } from "../score/judge.ts";
import { questionOf } from "../score/score-run.ts";
import type { Preference } from "./folder.ts";

/** An answer of an arm, or of a kept baseline. */
export interface GivenAnswer {
  case: string;
  trial: number;
  answer: string;
}

export interface Pairing {
  cases: readonly EvalCase[];
  judge: Judge;
  candidate: string;
  baseline: readonly GivenAnswer[];
  answers: readonly GivenAnswer[];
  done: readonly Preference[];
}

/** One at a time, each as soon as it is there. */
export async function* preferencesOf({
  cases,
  judge,
  candidate,
  baseline,
  answers,
  done,
}: Pairing): AsyncGenerator<Preference> {
  for (const each of cases) {
    const rubric = each.expect.prefer;
    if (rubric === undefined) continue;
    for (const given of answers.filter((answer) => answer.case === each.id)) {
      const { trial } = given;
      const known = done.some((one) => one.case === each.id && one.trial === trial && one.candidate === candidate);
      const others = baseline.filter((answer) => answer.case === each.id);
      const other = others.find((answer) => answer.trial === trial) ?? others[0];
      if (known || other === undefined) continue;
      const pair = { baseline: other.answer, candidate: given.answer };
      const { score, why, costMicros } = await judge.prefer(questionOf(each), pair, rubric);
      yield { case: each.id, trial, candidate, score, why, costMicros };
    }
  }
}

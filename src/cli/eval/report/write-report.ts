/** Writes the report of an evaluation into its folder: a summary, JUnit, and the HTML file. */
import type { Dataset } from "../dataset/read-cases.ts";
import type { EvalFolder } from "../run/folder.ts";
import type { RunResult } from "../run/result.ts";
import { questionOf } from "../score/score-run.ts";
import { reportHtml } from "./html.ts";
import { junitXml } from "./junit.ts";
import type { EvalSummary } from "./summarize.ts";

/** `at`: when it began, ISO 8601. */
export function writeReport(
  folder: EvalFolder,
  summary: EvalSummary,
  { dataset, results, at }: { dataset: Dataset; results: readonly RunResult[]; at: string },
): void {
  const questions = new Map(dataset.cases.map((each) => [each.id, questionOf(each)]));
  folder.write("summary.json", `${JSON.stringify(summary, null, 2)}\n`);
  folder.write("junit.xml", junitXml(results));
  folder.write("report.html", reportHtml({ summary, results, questions, at }));
}

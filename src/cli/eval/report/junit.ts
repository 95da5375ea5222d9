/** The runs of an evaluation as JUnit XML, which CI services show: a suite for each arm, a test case for each run. Pure. */
import type { RunResult } from "../run/result.ts";

export function junitXml(results: readonly RunResult[]): string {
  const suites = [...Map.groupBy(results, ({ arm }) => arm)].map(([arm, runs]) => {
    const failures = runs.filter(({ scores }) => scores.passed !== 1).length;
    const head = `  <testsuite name="${escaped(arm)}" tests="${runs.length}" failures="${failures}">`;
    return [head, ...runs.map(testCase), "  </testsuite>"].join("\n");
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="longline eval">\n${suites.join("\n")}\n</testsuites>\n`;
}

function testCase({ case: id, arm, trial, durationMs, faults, scores, answer }: RunResult): string {
  const name = trial === 1 ? id : `${id} (trial ${trial})`;
  const open = `    <testcase classname="${escaped(arm)}" name="${escaped(name)}" time="${(durationMs / 1000).toFixed(3)}"`;
  if (scores.passed === 1) return `${open}/>`;
  const message = escaped(faults.join("; "));
  return `${open}>\n      <failure message="${message}">${escaped(answer)}</failure>\n    </testcase>`;
}

/** XML 1.0 has no form for most control characters: they are left out. */
export function escaped(text: string): string {
  const known: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|\p{Noncharacter_Code_Point}/gu, "")
    .replace(/[&<>"']/g, (sign) => known[sign] ?? sign);
}

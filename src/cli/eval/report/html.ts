/** The report as one HTML file that needs nothing else: verdicts, a plot of the differences, and the answers side by side. Runs no script. Pure. */
import type { RunResult } from "../run/result.ts";
import type { ArmComparison, ScorerComparison } from "./compare-arms.ts";
import { escaped } from "./junit.ts";
import type { EvalSummary } from "./summarize.ts";
import { dollars, summaryWords, verdictWords } from "./words.ts";

export interface Reported {
  summary: EvalSummary;
  results: readonly RunResult[];
  questions: ReadonlyMap<string, string>;
  at: string;
}

export function reportHtml({ summary, results, questions, at }: Reported): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>longline eval ${escaped(at)}</title><style>${style}</style></head><body>
<h1>longline eval</h1><p>${escaped(at)} · ${escaped(summary.cases)} · ${escaped(summary.digest)}</p>
<pre>${escaped(summaryWords(summary))}</pre>
${summary.comparisons.map(comparisonHtml).join("\n")}
<h2>Answers</h2>
${answersHtml(summary, results, questions)}
</body></html>
`;
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace;background:#f6f6f4;padding:.8rem;border-radius:6px}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}
details{margin:.4rem 0}summary{cursor:pointer}.side{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr))}
.ok{color:#136c2e}.bad{color:#a3190f}svg{max-width:100%}text{font:12px system-ui,sans-serif}
@media(prefers-color-scheme:dark){body{color:#eee;background:#191919}pre{background:#262626}td,th{border-color:#444}.ok{color:#6fce8a}.bad{color:#ff8d80}text{fill:#eee}}`;

function comparisonHtml({ candidate, baseline, scorers }: ArmComparison): string {
  const heading = `<h2>${escaped(candidate)} against ${escaped(baseline)}</h2>`;
  const plots = scorers.map(
    (each) => `<h3>${escaped(each.scorer)}: ${escaped(verdictWords(each))}</h3>${casePlot(each)}`,
  );
  return `${heading}${intervalPlot(scorers)}${plots.join("")}`;
}

const plot = { width: 640, left: 150, right: 20, row: 26 };

/** x of a difference from -1 to 1. */
function place(value: number): number {
  const inner = plot.width - plot.left - plot.right;
  return plot.left + ((Math.max(-1, Math.min(1, value)) + 1) / 2) * inner;
}

/** One line for each scorer: its difference, its interval, and where its margin is. */
function intervalPlot(scorers: readonly ScorerComparison[]): string {
  const height = plot.row * (scorers.length + 1);
  const rows = scorers.map((each, at) => {
    const y = plot.row * (at + 0.6);
    const [low, high] = each.interval;
    const margin = place(-each.margin);
    return `<text x="4" y="${y + 4}">${escaped(each.scorer)}</text>
<line x1="${place(low)}" x2="${place(high)}" y1="${y}" y2="${y}" stroke="#3565b0" stroke-width="3"/>
<circle cx="${place(each.difference)}" cy="${y}" r="5" fill="#3565b0"/>
<line x1="${margin}" x2="${margin}" y1="${y - 8}" y2="${y + 8}" stroke="#a3190f" stroke-dasharray="3 2"/>`;
  });
  return figure(
    "Difference of each scorer with its 95 % interval; the dashed line is the margin",
    height,
    rows.join("\n"),
  );
}

/** The difference of each case, from the worst to the best. */
function casePlot({ cases }: ScorerComparison): string {
  const sorted = cases.toSorted((a, b) => a.difference - b.difference);
  const step = Math.max(3, Math.min(10, 400 / Math.max(1, sorted.length)));
  const dots = sorted.map(({ case: id, difference }, at) => {
    const y = 10 + at * step;
    const colour = difference < 0 ? "#a3190f" : difference > 0 ? "#136c2e" : "#888";
    return `<circle cx="${place(difference)}" cy="${y}" r="${Math.min(4, step)}" fill="${colour}"><title>${escaped(id)}: ${difference.toFixed(3)}</title></circle>`;
  });
  return figure("Difference of each case, the worst first", 20 + sorted.length * step + plot.row, dots.join("\n"));
}

function figure(label: string, height: number, inside: string): string {
  const zero = place(0);
  const bottom = height - 6;
  const axis = [-1, -0.5, 0, 0.5, 1].map((value) => `<text x="${place(value) - 8}" y="${bottom}">${value}</text>`);
  return `<svg role="img" aria-label="${label}" viewBox="0 0 ${plot.width} ${height}" width="${plot.width}"><line x1="${zero}" x2="${zero}" y1="0" y2="${height - plot.row}" stroke="#999"/>
${inside}${axis.join("")}</svg>`;
}

function answersHtml(
  { arms }: EvalSummary,
  results: readonly RunResult[],
  questions: ReadonlyMap<string, string>,
): string {
  return [...Map.groupBy(results, (result) => result.case)]
    .map(([id, runs]) => {
      const marks = arms.map(({ name }) => {
        const own = runs.filter(({ arm }) => arm === name);
        const passed = own.filter(({ scores }) => scores.passed === 1).length;
        return `<span class="${passed === own.length ? "ok" : "bad"}">${escaped(name)} ${passed}/${own.length}</span>`;
      });
      const sides = runs.map(
        (run) =>
          `<div><h4>${escaped(run.arm)}${run.trial > 1 ? ` · trial ${run.trial}` : ""}</h4>${runHtml(run)}</div>`,
      );
      return `<details><summary>${escaped(id)} · ${marks.join(" · ")}</summary><pre>${escaped(questions.get(id) ?? "")}</pre><div class="side">${sides.join("")}</div></details>`;
    })
    .join("\n");
}

function runHtml({ answer, faults, missing, calls, costMicros, durationMs, steps, scores }: RunResult): string {
  const called = calls.map(
    ({ name, input, result, isError }) => `${name}(${JSON.stringify(input)}) → ${isError ? "error: " : ""}${result}`,
  );
  const figures = `${steps} model calls · ${dollars(costMicros)} · ${durationMs} ms · ${Object.entries(scores)
    .map(([name, score]) => `${name} ${score ?? "not scored"}`)
    .join(" · ")}`;
  const wrong = [...faults, ...missing].map((fault) => `<li>${escaped(fault)}</li>`).join("");
  return `${called.length > 0 ? `<pre>${escaped(called.join("\n"))}</pre>` : ""}<pre>${escaped(answer)}</pre>${wrong === "" ? "" : `<ul class="bad">${wrong}</ul>`}<p>${escaped(figures)}</p>`;
}

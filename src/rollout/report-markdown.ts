/** The evidence report of a rollout as Markdown: what a person attaches to a change request. Pure; everything in it is in the JSON, too. */
import type { ReportJson } from "./report.ts";

export function reportMarkdown(report: ReportJson): string {
  return [
    `# Rollout ${report.id}: ${report.agent}, ${report.baseline} -> ${report.candidate}`,
    `State: **${report.state}**${report.hold === null ? "" : ` (${report.hold})`}, stage ${report.stage + 1} of ${report.stages.length}, share ${percent(report.share)}, begun ${report.created_at}. Assigned by ${report.key}${report.holdback === 0 ? "" : `; ${percent(report.holdback)} stay on the baseline`}.`,
    ...(report.evaluation === null ? [] : [evaluationLine(report.evaluation)]),
    "## What changes",
    [...report.diff.map((line) => `- ${inline(line)}`), `- ${lostLine(report)}`].join("\n"),
    "## Stages",
    "The smallest harm is what the stage finds with a chance of at least 0.8.",
    table(
      [
        "stage",
        "share",
        "arm",
        "sessions",
        "turns",
        "failed",
        "tool errors",
        "repairs",
        "cost a turn",
        "first event",
        "smallest harm",
      ],
      report.stages.flatMap(stageRows),
    ),
    "## Evidence",
    "Evidence of N arises by chance in at most 1 of N rollouts of a version that is not worse, however often it is looked at.",
    table(
      ["metric", "turn of each key", "baseline", "candidate", "harm", "to be seen", "evidence", "needed"],
      report.evidence.filter(hasKeys).map(evidenceRow),
    ),
    "## Decisions",
    report.decisions.length === 0
      ? "None yet."
      : table(
          ["at", "stage", "decision", "reason"],
          report.decisions.map(({ at, stage, decision, reason }) => [at, String(stage + 1), decision, reason]),
        ),
    "## Money",
    `Baseline ${dollars(report.money.baseline_micros)}, candidate ${dollars(report.money.candidate_micros)}; as many turns of the baseline would have cost ${dollars(Math.abs(report.money.candidate_extra_micros))} ${report.money.candidate_extra_micros >= 0 ? "less" : "more"}.`,
  ]
    .join("\n\n")
    .concat("\n");
}

type StageJson = ReportJson["stages"][number];
type EvidenceJson = ReportJson["evidence"][number];

function evaluationLine({ name, verdict, url }: NonNullable<ReportJson["evaluation"]>): string {
  return `Evaluation: ${inline(name)}: **${inline(verdict)}**${url === undefined ? "" : ` (<${inline(url)}>)`}`;
}

function lostLine({ lost_prefix: { tokens, micros } }: ReportJson): string {
  const price = micros === null ? "at a price that is not known" : `for ${dollars(micros)}`;
  return tokens === 0
    ? "The cached head of requests is kept."
    : `About ${tokens} tokens of the cached head of requests are read anew, once for each cold cache, ${price}.`;
}

function stageRows(stage: StageJson, place: number): string[][] {
  const harms = stage.smallest_harm.map(({ metric, can_see: seen, enough }) => {
    const figure = seen === null ? "none" : percent(seen);
    return `${metric} ${figure}${enough ? "" : " (more than was to be seen)"}`;
  });
  return (["baseline", "candidate"] as const).map((arm) => {
    const counts = stage[arm];
    const head = [String(place + 1), percent(stage.share), arm];
    const last = arm === "candidate" ? harms.join("; ") : "";
    if (counts === null) return [...head, "", "", "", "", "", "", "", last];
    const { metrics: of, sessions, turns } = counts;
    const cost = of.cost_micros_per_turn === null ? "" : dollars(of.cost_micros_per_turn);
    const first = of.first_event_ms === null ? "" : `${of.first_event_ms} ms`;
    const figures = [sessions, turns, of.failed_turns, of.tool_errors, of.repairs].map(String);
    return [...head, ...figures, cost, first, last];
  });
}

/** Later turns of keys have tests of their own, which often have no key yet. */
function hasKeys({ turn_of_key, baseline, candidate }: EvidenceJson): boolean {
  return turn_of_key === 1 || baseline.sessions + candidate.sessions > 0;
}

function evidenceRow({
  metric,
  turn_of_key,
  baseline,
  candidate,
  harm,
  worse_by,
  evidence,
  needed,
}: EvidenceJson): string[] {
  const figure = (value: number) =>
    metric === "cost_micros"
      ? dollars(value)
      : metric === "first_event_ms"
        ? `${Math.round(value)} ms`
        : percent(value);
  const side = (of: EvidenceJson["baseline"]) =>
    `${figure(of.value)} over ${of.sessions}${of.interval_95 ? ` (${of.interval_95.map(percent).join(" to ")})` : ""}`;
  const sides = [side(baseline), side(candidate)];
  return [
    metric,
    String(turn_of_key),
    ...sides,
    percent(harm),
    percent(worse_by),
    short(evidence),
    needed > 1e9 ? "" : short(needed),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inline).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Text of other people in one line of a table: instructions and names may hold anything. */
function inline(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\|<>`*[\]]/g, "\\$&");
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

function dollars(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(micros < 1_000_000 ? 6 : 2)}`;
}

function short(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

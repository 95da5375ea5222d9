/** Reports of evaluations that were dropped in as files. They stay in this page until it is closed, and are sent nowhere. */
import { useState } from "hono/jsx/dom";
import { DataTable } from "../shell/data-table.tsx";
import { Details } from "../shell/details.tsx";
import { duration, money } from "../shell/figures.ts";
import { type EvalReport, type EvalScorer, evalOutcome, readEvalReport, type ShownArm } from "./eval-report.ts";
import { percent } from "./rollout-view.ts";

/** Kept while other pages are looked at. */
let kept: readonly EvalReport[] = [];

export function EvalReports() {
  const [reports, setReports] = useState(kept);
  const [faults, setFaults] = useState<readonly string[]>([]);
  const [isOver, setOver] = useState(false);
  const keep = (next: readonly EvalReport[]) => {
    kept = next;
    setReports(next);
  };
  const take = async (files: readonly File[]) => {
    const read = await Promise.all(files.map(async (file) => readEvalReport(file.name, await file.text())));
    setFaults(read.filter((each) => typeof each === "string"));
    keep([...read.filter((each) => typeof each !== "string"), ...kept]);
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take([...(event.dataTransfer?.files ?? [])]);
  };
  const over = (event: Event) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <div>
      <section
        class={isOver ? "drop over" : "drop"}
        aria-label="Drop files here"
        onDragOver={over}
        onDragLeave={() => setOver(false)}
        onDrop={dropped}
      >
        <label>
          Drop the <code>summary.json</code> of <code>longline eval</code> here, or choose it:{" "}
          <input
            type="file"
            accept=".json,application/json"
            multiple
            onChange={(event: Event) => void take([...((event.target as HTMLInputElement).files ?? [])])}
          />
        </label>
      </section>
      <div role="alert">
        {faults.map((fault) => (
          <p class="alert" key={fault}>
            {fault}
          </p>
        ))}
      </div>
      <ul class="cards">
        {reports.map((report, place) => (
          <li key={String(place)} class="card">
            <EvalCard report={report} place={place + 1} remove={() => keep(kept.filter((each) => each !== report))} />
          </li>
        ))}
      </ul>
    </div>
  );
}

interface EvalCardProps {
  report: EvalReport;
  /** Several files have one name. */
  place: number;
  remove(): void;
}

function EvalCard({ report, place, remove }: EvalCardProps) {
  const { file, cases, trials, arms, comparisons, failed, warnings } = report;
  const { dot, words } = evalOutcome(report);
  return (
    <section aria-label={`Report ${place}, ${file}`}>
      <h3>{cases}</h3>
      <p class="facts">
        <span class={`dot ${dot}`}>{words}</span>
        <span>
          {trials} {trials === 1 ? "trial" : "trials"} of each case
        </span>
        <span>{file}</span>
        <button type="button" class="quiet" onClick={remove}>
          Remove
        </button>
      </p>
      <DataTable label={`Arms of report ${place}`} columns={armColumns} rows={arms} keyOf={({ name }) => name} />
      <div>
        {comparisons.map(({ candidate, baseline, scorers }) => (
          <div key={`${candidate} ${baseline}`}>
            <h3>
              {candidate} against {baseline}
            </h3>
            <DataTable
              label={`Scorers of report ${place}, ${candidate} against ${baseline}`}
              columns={scorerColumns}
              rows={scorers}
              keyOf={({ scorer }) => scorer}
            />
          </div>
        ))}
      </div>
      <Details name={`${failed.length} failed, ${warnings.length} warnings`}>
        {() => (
          <ul class="plain-list">
            {failed.map((each, place) => (
              <li key={String(place)}>
                <strong>{each.case}</strong> ({each.arm}): {each.faults.join("; ")}
              </li>
            ))}
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        )}
      </Details>
    </section>
  );
}

const number = { isNumber: true as const };
const range = ([low, high]: readonly [number, number]) => `${percent(low)} to ${percent(high)}`;

const armColumns = [
  { name: "Arm", cell: ({ name, version, model }: ShownArm) => `${name} · ${version} · ${model}` },
  { ...number, name: "Passed", cell: ({ passedEvery, cases }: ShownArm) => `${passedEvery} of ${cases}` },
  { ...number, name: "95 % interval", cell: ({ interval }: ShownArm) => range(interval) },
  { ...number, name: "Cost", cell: ({ costMicros }: ShownArm) => money(costMicros) },
  { ...number, name: "Cached", cell: ({ cachedShare }: ShownArm) => percent(cachedShare) },
  { ...number, name: "Time", cell: ({ meanDurationMs }: ShownArm) => duration(meanDurationMs) },
];

const scorerColumns = [
  { name: "Scorer", cell: ({ scorer }: EvalScorer) => scorer },
  {
    name: "Verdict",
    cell: ({ verdict, moreCases }: EvalScorer) =>
      `${verdict.replace("_", " ")}${moreCases === undefined ? "" : `; ${moreCases} more cases may decide`}`,
  },
  { ...number, name: "Baseline", cell: ({ baseline }: EvalScorer) => percent(baseline) },
  { ...number, name: "Candidate", cell: ({ candidate }: EvalScorer) => percent(candidate) },
  { ...number, name: "Difference", cell: ({ difference }: EvalScorer) => percent(difference) },
  { ...number, name: "95 % interval", cell: ({ interval }: EvalScorer) => range(interval) },
];

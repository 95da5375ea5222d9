/** One rollout: what can be done with it, its evidence against what is needed, its stages, and what was decided so far. */
import { useState } from "hono/jsx/dom";
import type { RolloutJson, RolloutReportJson } from "../../wire/rollout-shapes.ts";
import { callOperate } from "../shell/admin-key.ts";
import { ApiError } from "../shell/api.ts";
import { DataTable } from "../shell/data-table.tsx";
import { Details } from "../shell/details.tsx";
import { duration, money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import {
  actionsOf,
  actionWords,
  evidencePlace,
  evidenceWords,
  harmWords,
  holdWords,
  metricValue,
  metricWords,
  percent,
  type RolloutAction,
  type ShownEvidence,
} from "./rollout-view.ts";

interface RolloutDetailProps {
  rollout: RolloutJson;
  changed(): void;
}

export function RolloutDetail({ rollout, changed }: RolloutDetailProps) {
  const { id, hold, state, stages, evidence } = rollout;
  return (
    <div class="rollout">
      <div>{hold !== null && state === "holding" && <p class="notice">{holdWords[hold] ?? hold}</p>}</div>
      <Actions key={state} rollout={rollout} changed={changed} />
      <EvidenceChart evidence={evidence} />
      <DataTable
        label={`Stages of ${id}`}
        columns={stageColumns}
        rows={stages.map((stage, place) => ({ ...stage, place }))}
        keyOf={({ place }) => String(place)}
      />
      <Details name="Decisions, difference and money">{() => <Report id={id} />}</Details>
    </div>
  );
}

function Actions({ rollout, changed }: RolloutDetailProps) {
  const [asked, ask] = useState<RolloutAction | undefined>();
  const [isSent, setSent] = useState(false);
  const [fault, setFault] = useState("");
  const act = async (action: RolloutAction) => {
    setSent(true);
    try {
      // Sent twice by a bad line, it is decided once.
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      await callOperate(`/v1/rollouts/${rollout.id}/${action}`, { method: "POST", headers });
      setFault("");
      ask(undefined);
      changed();
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
    setSent(false);
  };
  return (
    <div>
      <p class="row">
        {asked === undefined &&
          actionsOf(rollout).map((action) => (
            <button
              type="button"
              key={action}
              class={action === "rollback" ? "danger" : ""}
              onClick={() => ask(action)}
            >
              {actionWords[action].name}
            </button>
          ))}
        {asked !== undefined && <span>{actionWords[asked].asks}</span>}
        {asked !== undefined && (
          <button type="button" class="primary" disabled={isSent} onClick={() => void act(asked)}>
            Yes, {actionWords[asked].name.toLowerCase()}
          </button>
        )}
        {asked !== undefined && (
          <button type="button" onClick={() => ask(undefined)}>
            No
          </button>
        )}
      </p>
      <p role="alert">{fault}</p>
    </div>
  );
}

type StageRow = RolloutJson["stages"][number] & { place: number };

const stageColumns = [
  { name: "Stage", cell: ({ place, state }: StageRow) => `${place + 1}, ${state}` },
  { name: "Share", isNumber: true as const, cell: ({ share }: StageRow) => percent(share) },
  {
    name: "Sessions",
    isNumber: true as const,
    cell: ({ candidate, baseline, min_sessions }: StageRow) =>
      `${candidate?.sessions ?? 0} of ${min_sessions} / ${baseline?.sessions ?? 0}`,
  },
  {
    name: "Failed turns",
    isNumber: true as const,
    cell: ({ candidate, baseline }: StageRow) =>
      `${candidate?.metrics.failed_turns ?? 0} of ${candidate?.turns ?? 0} / ${baseline?.metrics.failed_turns ?? 0} of ${baseline?.turns ?? 0}`,
  },
  {
    name: "Lasts",
    isNumber: true as const,
    cell: ({ hold_seconds }: StageRow) => (hold_seconds === 0 ? "–" : `at least ${duration(hold_seconds * 1_000)}`),
  },
  {
    name: "Can see",
    cell: ({ smallest_harm }: StageRow) =>
      smallest_harm
        .map(({ metric, can_see }) => `${metric}: ${can_see === null ? "unknown" : percent(can_see)}`)
        .join(", "),
  },
];

function Report({ id }: { id: string }) {
  const loading = useLoad(id, (signal) => callOperate<RolloutReportJson>(`/v1/rollouts/${id}/report`, { signal }));
  return (
    <div>
      <LoadState loading={loading} what="the report" />
      <div>{loading.data && <ReportBody report={loading.data} />}</div>
    </div>
  );
}

function ReportBody({ report }: { report: RolloutReportJson }) {
  const { decisions, diff, lost_prefix, money: spent, evaluation } = report;
  return (
    <div>
      <ul class="plain-list">
        {decisions.map(({ at, decision, reason }) => (
          <li key={`${at} ${decision}`}>
            <strong>{decision.replace("_", " ")}</strong> <small>{at.slice(0, 16).replace("T", " ")}</small> {reason}
          </li>
        ))}
      </ul>
      <p class="hint">
        The candidate's turns cost {money(Math.max(0, spent.candidate_micros))}, the baseline's{" "}
        {money(spent.baseline_micros)}. The change makes {lost_prefix.tokens.toLocaleString("en")} tokens of the cached
        prefix be read anew{lost_prefix.micros === null ? "" : `, once for ${money(lost_prefix.micros)}`}.
      </p>
      <p class="hint">{evaluation !== null && `Evaluation ${evaluation.name}: ${evaluation.verdict}`}</p>
      <pre class="plain">{diff.join("\n")}</pre>
    </div>
  );
}

/** The evidence that the candidate does harm, a bar for each guardrail, against the line at which it is rolled back. */
function EvidenceChart({ evidence }: { evidence: readonly ShownEvidence[] }) {
  const counted = evidence.filter(({ baseline, candidate }) => baseline.sessions + candidate.sessions > 0);
  if (counted.length === 0) return <p class="hint">No guardrail has been counted yet.</p>;
  return (
    <figure class="chart evidence">
      <figcaption>Evidence of harm; at the line it is rolled back</figcaption>
      <ul>
        {counted.map((each) => (
          <Guardrail key={`${each.metric} ${each.turn_of_key}`} evidence={each} />
        ))}
      </ul>
    </figure>
  );
}

function Guardrail({ evidence: each }: { evidence: ShownEvidence }) {
  const { metric, evidence, needed, harm, worse_by, baseline, candidate } = each;
  const place = evidencePlace(evidence, needed);
  return (
    <li>
      <span>
        <strong>{metricWords(metric)}</strong>
        {each.turn_of_key > 1 && ` (turn ${each.turn_of_key})`}
      </span>
      <svg
        width="100%"
        height="18"
        role="img"
        aria-label={`${metricWords(metric)}: evidence ${evidenceWords(evidence)} of ${evidenceWords(needed)}`}
      >
        <rect class="lane" y="6" width="100%" height="6" rx="3" />
        <rect class={evidence >= needed ? "failed" : "series0"} y="4" width={`${100 * place}%`} height="10" rx="3" />
        <line class="needed" x1="80%" x2="80%" y1="0" y2="18" />
      </svg>
      <small>
        candidate {metricValue(metric, candidate.value)} in {candidate.sessions} sessions, baseline{" "}
        {metricValue(metric, baseline.value)} in {baseline.sessions}: {harmWords(harm)} (guarded: +
        {harmWords(worse_by).replace("+", "")}). Evidence {evidenceWords(evidence)} of {evidenceWords(needed)}.
      </small>
    </li>
  );
}

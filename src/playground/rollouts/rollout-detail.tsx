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
import { EvidenceChart } from "./evidence-chart.tsx";
import { actionsOf, actionWords, holdWords, percent, type RolloutAction } from "./rollout-view.ts";

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

/** Begins a rollout: first the server says what it would do and which harm each stage could see, then it is asked once more. Nothing begins that was not shown. */
import { useRef, useState } from "hono/jsx/dom";
import type { AgentJson } from "../../wire/account-shapes.ts";
import type { AgentVersionJson, RolloutJson, RolloutReportJson } from "../../wire/rollout-shapes.ts";
import { DifferenceView } from "../agents/difference-view.tsx";
import { callOperate } from "../shell/admin-key.ts";
import { ApiError, callJson } from "../shell/api.ts";
import { DataTable } from "../shell/data-table.tsx";
import { duration } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { type FieldFault, otherFault, TextField } from "../shell/text-field.tsx";
import { useLoad } from "../shell/use-load.ts";
import {
  metrics,
  newRolloutTexts,
  type RolloutTexts,
  rolloutBody,
  rolloutFields,
  type StageTexts,
} from "./rollout-texts.ts";
import { metricWords, percent } from "./rollout-view.ts";

interface RolloutFormProps {
  /** `agent` and `candidate`, where they are chosen already. */
  query: string;
  begun(): void;
}

export function RolloutForm({ query, begun }: RolloutFormProps) {
  const loading = useLoad("agents", (signal) => callJson<{ agents: AgentJson[] }>("/v1/agents", { signal }));
  const agents = loading.data?.agents ?? [];
  const given = new URLSearchParams(query);
  const first = agents.find(({ id }) => id === given.get("agent")) ?? agents[0];
  return (
    <div>
      <LoadState loading={loading} what="the agents" />
      <div>
        {first && (
          <Form agents={agents} first={newRolloutTexts(first.id, given.get("candidate") ?? "")} begun={begun} />
        )}
      </div>
    </div>
  );
}

interface FormProps extends Pick<RolloutFormProps, "begun"> {
  agents: readonly AgentJson[];
  first: RolloutTexts;
}

function Form({ agents, first, begun }: FormProps) {
  const [texts, setTexts] = useState(first);
  const [fault, setFault] = useState<FieldFault | undefined>();
  const [shown, setShown] = useState<RolloutReportJson | undefined>();
  const [isSent, setSent] = useState(false);
  const change = (some: Partial<RolloutTexts>) => {
    setTexts({ ...texts, ...some });
    // What was shown is not what would begin any more.
    setShown(undefined);
    setFault(undefined);
  };
  const send = async (work: () => Promise<void>) => {
    setSent(true);
    try {
      await work();
      setFault(undefined);
    } catch (error) {
      if (error instanceof ApiError) setFault({ field: error.field, words: error.message });
    }
    setSent(false);
  };
  const post = <T,>(more: object) => callOperate<T>("/v1/rollouts", { body: { ...rolloutBody(texts), ...more } });
  const newest = useRef(texts);
  newest.current = texts;
  const preview = () =>
    send(async () => {
      const report = await post<RolloutReportJson>({ dry_run: true });
      // What was changed while the server computed is not what it shows.
      if (newest.current === texts) setShown(report);
    });
  const begin = () =>
    send(async () => {
      await post<RolloutJson>({});
      setShown(undefined);
      begun();
    });
  const submit = (event: Event) => {
    event.preventDefault();
    void preview();
  };
  return (
    <form class="sheet" aria-label="New rollout" onSubmit={submit}>
      <Whole key={texts.agent} texts={texts} agents={agents} fault={fault} change={change} />
      <Stages texts={texts} fault={fault} change={change} />
      <Guardrails texts={texts} fault={fault} change={change} />
      <p class="actions">
        <button type="submit" class={shown === undefined ? "primary" : ""} disabled={isSent}>
          Show what it would do
        </button>
        <span role="alert">{otherFault(fault, rolloutFields(texts))}</span>
      </p>
      <div role="status">{shown && <Preview report={shown} begin={() => void begin()} isSent={isSent} />}</div>
    </form>
  );
}

interface PartProps {
  texts: RolloutTexts;
  fault: FieldFault | undefined;
  change(some: Partial<RolloutTexts>): void;
}

function Whole({ texts, agents, fault, change }: PartProps & Pick<FormProps, "agents">) {
  const path = `/v1/agents/${encodeURIComponent(texts.agent)}/versions`;
  const loading = useLoad(path, (signal) => callOperate<{ versions: AgentVersionJson[] }>(path, { signal }));
  const versions = (loading.data?.versions ?? []).map(({ version, source, note }): [string, string] => {
    return [version, [version, source === "code" ? "the code" : note].filter(Boolean).join(", ")];
  });
  const among = (none: string, chosen: string): [string, string][] => {
    const isListed = chosen === "" || versions.some(([version]) => version === chosen);
    return [["", none], ...(isListed ? [] : [[chosen, chosen] as [string, string]]), ...versions];
  };
  const field = (name: "agent" | "candidate" | "baseline" | "key", options: [string, string][]) => (
    <TextField
      name={name}
      value={texts[name]}
      set={(value) => change({ [name]: value })}
      fault={fault}
      options={options}
    />
  );
  return (
    <div class="fields">
      {field(
        "agent",
        agents.map(({ id }) => [id, id]),
      )}
      {field("candidate", among("choose a version", texts.candidate))}
      {field("baseline", among("what answers now", texts.baseline))}
      {field("key", [
        ["session", "each session"],
        ["speaker", "each speaker"],
      ])}
      <TextField
        name="holdback"
        value={texts.holdback}
        set={(holdback) => change({ holdback })}
        fault={fault}
        placeholder="0 to 0.5"
      />
    </div>
  );
}

const stageHints: StageTexts = { share: "0 to 1", min_sessions: "a number", hold_seconds: "0" };

function Stages({ texts, fault, change }: PartProps) {
  const { stages } = texts;
  const set = (place: number, some: Partial<StageTexts>) =>
    change({ stages: stages.map((stage, at) => (at === place ? { ...stage, ...some } : stage)) });
  return (
    <fieldset>
      <legend>Stages</legend>
      {stages.map((stage, place) => (
        <div class="fields line" key={String(place)}>
          {(["share", "min_sessions", "hold_seconds"] as const).map((name) => (
            <TextField
              key={name}
              name={`stages.${place}.${name}`}
              value={stage[name]}
              set={(value) => set(place, { [name]: value })}
              fault={fault}
              placeholder={stageHints[name]}
            />
          ))}
          <Remove
            what={`stage ${place + 1}`}
            can={stages.length > 1}
            remove={() => change({ stages: stages.filter((_, at) => at !== place) })}
          />
        </div>
      ))}
      <button
        type="button"
        class="quiet"
        onClick={() => change({ stages: [...stages, { share: "1", min_sessions: "1", hold_seconds: "" }] })}
      >
        Add a stage
      </button>
    </fieldset>
  );
}

function Guardrails({ texts, fault, change }: PartProps) {
  const { guardrails } = texts;
  const set = (place: number, some: object) =>
    change({ guardrails: guardrails.map((rail, at) => (at === place ? { ...rail, ...some } : rail)) });
  const left = metrics.filter((metric) => !guardrails.some((rail) => rail.metric === metric));
  return (
    <fieldset>
      <legend>Guardrails</legend>
      {guardrails.map(({ metric, worse_by }, place) => (
        <div class="fields line" key={String(place)}>
          <TextField
            name={`guardrails.${place}.metric`}
            value={metric}
            set={(value) => set(place, { metric: value })}
            fault={fault}
            options={metrics.map((each): [string, string] => [each, metricWords(each)])}
          />
          <TextField
            name={`guardrails.${place}.worse_by`}
            value={worse_by}
            set={(value) => set(place, { worse_by: value })}
            fault={fault}
            placeholder="0.05"
          />
          <Remove
            what={`guardrail ${metric}`}
            can={true}
            remove={() => change({ guardrails: guardrails.filter((_, at) => at !== place) })}
          />
        </div>
      ))}
      <button
        type="button"
        class="quiet"
        disabled={left.length === 0}
        onClick={() => change({ guardrails: [...guardrails, { metric: left[0] ?? "", worse_by: "0.05" }] })}
      >
        Add a guardrail
      </button>
    </fieldset>
  );
}

function Remove({ what, can, remove }: { what: string; can: boolean; remove(): void }) {
  return (
    <button type="button" class="quiet" disabled={!can} aria-label={`Remove ${what}`} onClick={remove}>
      Remove
    </button>
  );
}

type PreviewStage = RolloutReportJson["stages"][number] & { place: number };
const number = { isNumber: true as const };

const previewColumns = [
  { name: "Stage", cell: ({ place }: PreviewStage) => String(place + 1) },
  { ...number, name: "Share", cell: ({ share }: PreviewStage) => percent(share) },
  { ...number, name: "Sessions", cell: ({ min_sessions }: PreviewStage) => String(min_sessions) },
  {
    ...number,
    name: "Lasts",
    cell: ({ hold_seconds }: PreviewStage) => (hold_seconds === 0 ? "–" : duration(hold_seconds * 1_000)),
  },
  { name: "Smallest harm that it can see", cell: (stage: PreviewStage) => <Harms stage={stage} /> },
];

function Harms({ stage: { smallest_harm } }: { stage: PreviewStage }) {
  return (
    <span>
      {smallest_harm.map(({ metric, can_see, worse_by, enough, assumed }) => (
        <span key={metric} class={enough ? "" : "failed-word"}>
          {metricWords(metric)}: {can_see === null ? "none" : `+${percent(can_see)}`}
          {!enough && `, guarded: +${percent(worse_by)}`}
          {assumed && ", assumed"}
          <br />
        </span>
      ))}
    </span>
  );
}

interface PreviewProps {
  report: RolloutReportJson;
  isSent: boolean;
  begin(): void;
}

function Preview({ report, isSent, begin }: PreviewProps) {
  const [asks, setAsks] = useState(false);
  const { agent, candidate, baseline, stages, diff, lost_prefix } = report;
  const share = percent(stages[0]?.share ?? 0);
  return (
    <section class="card" aria-label="What it would do">
      <h3>
        {candidate} over {baseline}
      </h3>
      <DifferenceView
        diff={{ changes: diff, prefix: { lost_tokens: lost_prefix.tokens, lost_micros: lost_prefix.micros } }}
      />
      <DataTable
        label="Stages that would be"
        columns={previewColumns}
        rows={stages.map((stage, place) => ({ ...stage, place }))}
        keyOf={({ place }) => String(place)}
      />
      <p class="hint">
        {stages.some(({ smallest_harm }) => smallest_harm.some(({ enough }) => !enough)) &&
          "What is red cannot be seen as early as its guardrail names it: ask for more sessions, or for a larger share. "}
        {stages.some(({ smallest_harm }) => smallest_harm.some(({ assumed }) => assumed)) &&
          "Assumed: the baseline has had too few turns to compute it from."}
      </p>
      <p class="row">
        {!asks && (
          <button type="button" class="primary" onClick={() => setAsks(true)}>
            Begin it
          </button>
        )}
        {asks && (
          <span>
            Give {candidate} to {share} of what is new for {agent}, from now on?
          </span>
        )}
        {asks && (
          <button type="button" class="primary" disabled={isSent} onClick={begin}>
            Yes, begin it
          </button>
        )}
        {asks && (
          <button type="button" onClick={() => setAsks(false)}>
            No
          </button>
        )}
      </p>
    </section>
  );
}

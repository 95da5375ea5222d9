/** The versions of an agent, and what differs between two of them. */
import { useState } from "hono/jsx/dom";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import type { AgentVersionJson, VersionDifferenceJson } from "../../wire/rollout-shapes.ts";
import { turnsHash } from "../route.ts";
import { callOperate } from "../shell/admin-key.ts";
import { type Column, DataTable } from "../shell/data-table.tsx";
import { Details } from "../shell/details.tsx";
import { ago } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { DifferenceView } from "./difference-view.tsx";
import { VersionForm } from "./version-form.tsx";

interface DiffJson {
  diff: VersionDifferenceJson;
}

interface VersionsProps {
  agent: string;
  current: string;
  /** Absent where the key may not know. */
  details: AgentDetailsJson | undefined;
}

export function Versions({ agent, current, details }: VersionsProps) {
  const path = `/v1/agents/${encodeURIComponent(agent)}/versions`;
  const loading = useLoad(path, (signal) => callOperate<{ versions: AgentVersionJson[] }>(path, { signal }));
  const versions = loading.data?.versions ?? [];
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  if (loading.status === 404)
    return (
      <section aria-label="Versions">
        <h2>Versions</h2>
        <p class="notice">
          The version is {current}, that of the code. With rollouts in the app, others can be made without a deploy.
        </p>
      </section>
    );
  const picked = { from: from || (versions[0]?.version ?? ""), to: to || (versions[1]?.version ?? "") };
  return (
    <section aria-label="Versions">
      <h2>Versions</h2>
      <LoadState loading={loading} what="its versions" />
      <div>
        {versions.length > 0 && (
          <DataTable
            label={`Versions of ${agent}`}
            columns={columns}
            rows={versions}
            keyOf={({ version }) => version}
          />
        )}
      </div>
      <div>
        {versions.length > 1 && (
          <div class="filters">
            <Picked label="From" value={picked.from} versions={versions} pick={setFrom} />
            <Picked label="To" value={picked.to} versions={versions} pick={setTo} />
          </div>
        )}
      </div>
      <div>
        {loading.data && details && (
          <Details name="Make a version">{() => <VersionForm details={details} made={loading.again} />}</Details>
        )}
      </div>
      <div>{versions.length > 1 && picked.from !== picked.to && <VersionDifference agent={agent} {...picked} />}</div>
    </section>
  );
}

const columns: Column<AgentVersionJson>[] = [
  { name: "Version", cell: ({ version }) => <a href={turnsHash({ version, since: "30d" })}>{version}</a> },
  { name: "From", cell: ({ source }) => (source === "code" ? "the code" : "the API") },
  { name: "Made", cell: ({ created_at }) => (created_at === null ? "–" : ago(created_at, Date.now())) },
  { name: "Note", cell: ({ note }) => note ?? "" },
];

interface PickedProps {
  label: string;
  value: string;
  versions: readonly AgentVersionJson[];
  pick(version: string): void;
}

function Picked({ label, value, versions, pick }: PickedProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event: Event) => pick((event.target as HTMLSelectElement).value)}>
        {versions.map(({ version }) => (
          <option key={version} value={version} selected={version === value}>
            {version}
          </option>
        ))}
      </select>
    </label>
  );
}

interface VersionDifferenceProps {
  agent: string;
  from: string;
  to: string;
}

export function VersionDifference({ agent, from, to }: VersionDifferenceProps) {
  const query = `/v1/agents/${encodeURIComponent(agent)}/versions?diff=${from}..${to}`;
  const loading = useLoad(query, (signal) => callOperate<DiffJson>(query, { signal }));
  if (loading.status === 404)
    return <p class="hint">What a version was is kept only with rollouts in the app, and not of every deploy.</p>;
  return (
    <div>
      <LoadState loading={loading} what="what differs" />
      <div>{loading.data && <DifferenceView diff={loading.data.diff} />}</div>
    </div>
  );
}

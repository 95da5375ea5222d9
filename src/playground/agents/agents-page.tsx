/** What an agent is: its instructions, models, tools, limits, versions, and how it is reached. */
import { useState } from "hono/jsx/dom";
import type { AgentJson } from "../../wire/account-shapes.ts";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import { turnsHash } from "../route.ts";
import { callOperate } from "../shell/admin-key.ts";
import { callJson } from "../shell/api.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { type Column, DataTable } from "../shell/data-table.tsx";
import { duration, money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { Reached } from "./reached.tsx";
import { ToolList } from "./tool-list.tsx";
import { Versions } from "./versions.tsx";

export function AgentsPage({ query }: { query: string }) {
  const loading = useLoad("agents", (signal) => callJson<{ agents: AgentJson[] }>("/v1/agents", { signal }));
  const [chosen, choose] = useState(new URLSearchParams(query).get("agent") ?? "");
  const agents = loading.data?.agents ?? [];
  const agent = agents.find(({ id }) => id === chosen) ?? agents[0];
  const show = (id: string) => {
    choose(id);
    history.replaceState(null, "", `#/agents?agent=${encodeURIComponent(id)}`);
  };
  return (
    <div class="sheet">
      <h1>Agents</h1>
      <LoadState loading={loading} what="the agents" />
      <p class="row">
        {agents.length > 1 &&
          agents.map(({ id }) => (
            <button type="button" key={id} aria-pressed={id === agent?.id ? "true" : "false"} onClick={() => show(id)}>
              {id}
            </button>
          ))}
      </p>
      <div>{agent && <AgentView key={agent.id} agent={agent} />}</div>
    </div>
  );
}

function AgentView({ agent }: { agent: AgentJson }) {
  const { id, version } = agent;
  const path = `/v1/agents/${encodeURIComponent(id)}`;
  const loading = useLoad(path, (signal) => callOperate<AgentDetailsJson>(path, { signal }));
  const details = loading.data;
  return (
    <div class="sheet">
      <div>
        <h2>{id}</h2>
        <p class="facts">
          <span>{version}</span>
          {agent.default && <span>answers where no agent is named</span>}
          <a href={turnsHash({ agent: id, since: "7d" })}>its turns</a>
        </p>
        <LoadState loading={loading} what="its definition" />
      </div>
      <div>{details && <Definition details={details} />}</div>
      <section aria-label="Tools">
        <h2>Tools</h2>
        <ToolList agent={id} tools={details?.tools ?? agent.tools} />
      </section>
      <Reached agent={agent} details={details} />
      <Versions agent={id} current={version} details={details} />
    </div>
  );
}

function Definition({ details }: { details: AgentDetailsJson }) {
  const { instructions, models, limits } = details;
  return (
    <div class="sheet">
      <section aria-label="Instructions">
        <div class="labelled">
          <h2>Instructions</h2>
          <CopyButton text={instructions} label="the instructions" />
        </div>
        <pre class="plain tall card">{instructions}</pre>
      </section>
      <section aria-label="Models">
        <h2>Models</h2>
        <DataTable
          label="Models, in the order in which they are asked"
          columns={modelColumns}
          rows={models}
          keyOf={({ id }) => id}
        />
        <p class="hint">
          Prices are for a million tokens. With weights, each session begins with one of those that have one.
        </p>
      </section>
      <section aria-label="Limits">
        <h2>Limits</h2>
        <p class="facts">
          <span>{limits.max_steps} model calls in a turn</span>
          <span>a turn works {duration(limits.turn_seconds * 1_000)} at most</span>
          <span>a call waits {duration(limits.wait_seconds * 1_000)} for an answer</span>
        </p>
      </section>
    </div>
  );
}

type ModelDetails = AgentDetailsJson["models"][number];

const price = (micros: number | undefined) => (micros === undefined ? "unknown" : money(micros));

const modelColumns: Column<ModelDetails>[] = [
  { name: "Model", cell: ({ id }) => id },
  { name: "At", cell: ({ base_url }) => base_url ?? "the app's provider" },
  { name: "Weight", isNumber: true, cell: ({ weight }) => (weight === null ? "–" : String(weight)) },
  { name: "Input", isNumber: true, cell: ({ prices }) => price(prices?.input) },
  { name: "Cached input", isNumber: true, cell: ({ prices }) => price(prices?.cached) },
  { name: "Output", isNumber: true, cell: ({ prices }) => price(prices?.output) },
];

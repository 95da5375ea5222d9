/** Rollouts: each with its state, its evidence and what can be done; and reports of evaluations, from files. */
import { useEffect, useState } from "hono/jsx/dom";
import type { RolloutJson } from "../../wire/rollout-shapes.ts";
import { callOperate } from "../shell/admin-key.ts";
import { Details } from "../shell/details.tsx";
import { ago } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { EvalReports } from "./eval-reports.tsx";
import { RolloutDetail } from "./rollout-detail.tsx";
import { RolloutForm } from "./rollout-form.tsx";
import { percent } from "./rollout-view.ts";

/** How often the list is read again while one runs. */
const restMs = 5_000;

/** `query`: `agent` and `candidate` of a rollout that is to be begun. */
export function RolloutsPage({ query }: { query: string }) {
  return (
    <div class="sheet">
      <h1>Rollouts and evaluations</h1>
      <section aria-label="Rollouts">
        <h2>Rollouts</h2>
        <RolloutList query={query} />
      </section>
      <section aria-label="Evaluation reports">
        <h2>Evaluation reports</h2>
        <EvalReports />
      </section>
    </div>
  );
}

function RolloutList({ query }: { query: string }) {
  const loading = useLoad("rollouts", (signal) => callOperate<{ rollouts: RolloutJson[] }>("/v1/rollouts", { signal }));
  const [open, setOpen] = useState<string | undefined>();
  const rollouts = loading.data?.rollouts ?? [];
  const isLive = rollouts.some(({ state }) => state === "running" || state === "paused" || state === "holding");
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(loading.again, restMs);
    return () => clearInterval(timer);
  }, [isLive]);
  if (loading.status === 404)
    return (
      <p class="notice">
        This app has no rollouts. With them in the app, a new version of an agent is given to a growing share of
        sessions, and taken back by itself when it does harm.
      </p>
    );
  return (
    <div>
      <LoadState loading={loading} what="the rollouts" />
      <div>
        {loading.data && rollouts.length === 0 && (
          <p class="notice">
            None yet. Make a version of an agent (under Agents), and give it to a share of the sessions here.
          </p>
        )}
      </div>
      <div>
        {loading.data && (
          <Details name="Begin a rollout" isOpen={query !== ""}>
            {() => <RolloutForm query={query} begun={loading.again} />}
          </Details>
        )}
      </div>
      <ul class="cards">
        {rollouts.map((rollout) => (
          <li key={rollout.id} class="card">
            <RolloutLine
              rollout={rollout}
              isOpen={open === rollout.id}
              toggle={() => setOpen(open === rollout.id ? undefined : rollout.id)}
            />
            <div>{open === rollout.id && <RolloutDetail rollout={rollout} changed={loading.again} />}</div>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface RolloutLineProps {
  rollout: RolloutJson;
  isOpen: boolean;
  toggle(): void;
}

function RolloutLine({ rollout, isOpen, toggle }: RolloutLineProps) {
  const { id, agent, candidate, baseline, state, stage, stages, share, created_at } = rollout;
  return (
    <div>
      <button type="button" class="fold-line" aria-expanded={isOpen ? "true" : "false"} onClick={toggle}>
        {agent}: {candidate} over {baseline}
      </button>
      <p class="facts">
        <span class={`dot ${state}`}>{state.replace("_", " ")}</span>
        <span>
          stage {Math.min(stage + 1, stages.length)} of {stages.length}
        </span>
        <span>{percent(share)} of keys</span>
        <span title={created_at}>begun {ago(created_at, Date.now())}</span>
        <span>{id}</span>
      </p>
    </div>
  );
}

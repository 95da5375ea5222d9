/** The fields that narrow the list of turns. Each change is applied at once; texts when they are left or Enter is pressed. */
import type { AgentJson } from "../../wire/shapes.ts";
import { outcomes } from "../sessions/outcome.ts";
import { dearChoices, sinceChoices, slowChoices, type TurnFilters } from "./turn-filters.ts";

interface FilterFormProps {
  filters: TurnFilters;
  agents: readonly AgentJson[];
  change(filters: TurnFilters): void;
}

export function FilterForm({ filters, agents, change }: FilterFormProps) {
  const set = (name: keyof TurnFilters) => (value: string) => change({ ...filters, [name]: value });
  const { since, status, agent, model, version, min_ms, min_cost_micros } = filters;
  const models = [...new Set(agents.flatMap((each) => each.models))];
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event: Event) => event.preventDefault()}>
      <Chosen label="Since" value={since} options={sinceChoices} set={set("since")} />
      <Chosen label="Outcome" value={status} options={outcomes} set={set("status")} />
      <Chosen label="Slow" value={min_ms} options={slowChoices} set={set("min_ms")} />
      <Chosen label="Dear" value={min_cost_micros} options={dearChoices} set={set("min_cost_micros")} />
      <Chosen
        label="Agent"
        value={agent}
        options={among(
          agents.map(({ id }) => id),
          agent,
        )}
        set={set("agent")}
      />
      <Chosen label="Model" value={model} options={among(models, model)} set={set("model")} />
      <label>
        Version
        <input
          placeholder="v_…"
          maxLength={200}
          value={version}
          onChange={(event: Event) => set("version")((event.target as HTMLInputElement).value.trim())}
        />
      </label>
      <button type="button" class="quiet" onClick={() => change({ ...noFilters, since })}>
        Clear
      </button>
    </form>
  );
}

const noFilters = { status: "", agent: "", version: "", model: "", min_ms: "", min_cost_micros: "" };

/** With the one that is chosen, although it may not be there any more. */
function among(names: readonly string[], chosen: string): [string, string][] {
  const all = chosen === "" || names.includes(chosen) ? names : [...names, chosen];
  return [["", "any"], ...all.map((name): [string, string] => [name, name])];
}

interface ChosenProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  set(value: string): void;
}

function Chosen({ label, value, options, set }: ChosenProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event: Event) => set((event.target as HTMLSelectElement).value)}>
        {options.map(([id, words]) => (
          <option key={id} value={id} selected={id === value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

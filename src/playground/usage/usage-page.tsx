/** What the account used and what it cost: days as a chart, and sums by model or session. */
import { useEffect, useState } from "hono/jsx/dom";
import { callJson } from "../shell/api.ts";
import { money } from "../shell/figures.ts";
import { DayChart } from "./day-chart.tsx";

interface Sum {
  day?: string;
  model?: string;
  session?: string;
  steps: number;
  failures: number;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  cost_micros: number;
}
type Group = "day" | "model" | "session";

const dayMs = 86_400_000;
const isoDay = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);

export function UsagePage() {
  const [from, setFrom] = useState(isoDay(Date.now() - 29 * dayMs));
  const [to, setTo] = useState(isoDay(Date.now()));
  return (
    <div class="usage">
      <h1>Usage</h1>
      <form class="row" onSubmit={(event: Event) => event.preventDefault()}>
        <DayField label="From" value={from} set={setFrom} />
        <DayField label="To" value={to} set={setTo} />
      </form>
      <Sums group="day" from={from} to={to} />
      <Sums group="model" from={from} to={to} />
      <Sums group="session" from={from} to={to} />
    </div>
  );
}

function DayField({ label, value, set }: { label: string; value: string; set(value: string): void }) {
  return (
    <label>
      {label}{" "}
      <input
        type="date"
        value={value}
        onChange={(event: Event) => set((event.target as HTMLInputElement).value || value)}
      />
    </label>
  );
}

function Sums({ group, from, to }: { group: Group; from: string; to: string }) {
  const [sums, setSums] = useState<Sum[] | undefined>(undefined);
  const [fault, setFault] = useState("");
  useEffect(() => {
    const until = isoDay(Date.parse(to) + dayMs);
    callJson<{ usage: Sum[] }>(`/v1/usage?group_by=${group}&from=${from}&to=${until}`)
      .then(({ usage }) => {
        setFault("");
        setSums(usage);
      })
      .catch((error: Error) => setFault(error.message));
  }, [group, from, to]);
  if (fault !== "") return <p class="alert">{fault}</p>;
  if (sums === undefined) return <p class="hint">Adding up …</p>;
  if (sums.length === 0) return group === "day" ? <p class="hint">Nothing was used in these days.</p> : <div />;
  return (
    <section aria-label={`By ${group}`}>
      <h2>By {group}</h2>
      {group === "day" && <DayChart from={from} to={to} />}
      <Table group={group} sums={sums} />
    </section>
  );
}

function Table({ group, sums }: { group: Group; sums: Sum[] }) {
  return (
    <section class="scroll" tabindex={0} aria-label={`Figures by ${group}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{group}</th>
            <th scope="col">Calls</th>
            <th scope="col">Cached</th>
            <th scope="col">Fresh</th>
            <th scope="col">Hit</th>
            <th scope="col">Output</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {sums.map((sum) => (
            <tr key={String(sum[group])}>
              <th scope="row">
                {sum[group]}
                {sum.failures > 0 && ` (${sum.failures} failed)`}
              </th>
              <td>{sum.steps.toLocaleString("en")}</td>
              <td>{sum.cached_tokens.toLocaleString("en")}</td>
              <td>{sum.input_tokens.toLocaleString("en")}</td>
              <td>{share(sum)}</td>
              <td>{sum.output_tokens.toLocaleString("en")}</td>
              <td>{money(sum.cost_micros)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function share({ cached_tokens, input_tokens }: Sum): string {
  const all = cached_tokens + input_tokens;
  return all === 0 ? "-" : `${Math.round((100 * cached_tokens) / all)} %`;
}

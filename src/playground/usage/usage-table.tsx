/** The sums of one grouping as a table. */
import type { UsageSumJson } from "../../wire/account-shapes.ts";
import { chatHash, turnsHash } from "../route.ts";
import { type Column, DataTable } from "../shell/data-table.tsx";
import { duration, money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { cachedShare, type ListedTurnJson } from "../turns/turn-json.ts";
import { type Latency, latencyOf } from "./latency.ts";
import { type DayRange, readSums, type SumsBy } from "./read-usage.ts";

interface UsageTableProps {
  group: SumsBy;
  range: DayRange;
  /** Absent where their times are not known: of another account. */
  turns?: readonly ListedTurnJson[];
  /** Of this account, with the ADMIN_KEY. */
  account?: string;
}

export function UsageTable({ group, range, turns, account }: UsageTableProps) {
  const loading = useLoad(`${group} ${range.from} ${range.to}`, (signal) =>
    readSums(group, { ...range, ...(account !== undefined && { account }) }, signal),
  );
  const byName = Map.groupBy(turns ?? [], (turn) => nameOf(turn, group));
  const latency = (sum: UsageSumJson) => latencyOf(byName.get(sum[group] ?? "") ?? []);
  const rows = loading.data?.usage ?? [];
  return (
    <section aria-label={`By ${group}`}>
      <h2>By {group}</h2>
      <LoadState loading={loading} what={`sums by ${group}`} />
      <div>
        {loading.data && rows.length === 0 && <p class="hint">Nothing.</p>}
        {rows.length > 0 && (
          <DataTable
            label={`Figures by ${group}`}
            columns={columnsOf(group, { isOwn: account === undefined, ...(turns && { latency }) })}
            rows={rows}
            keyOf={(sum) => sum[group] ?? ""}
          />
        )}
      </div>
    </section>
  );
}

function nameOf({ agent, version, model, session, ended_at }: ListedTurnJson, group: SumsBy): string {
  switch (group) {
    case "agent":
      return agent;
    case "version":
      return version ?? "";
    case "model":
      return model ?? "";
    case "session":
      return session;
    case "day":
      return ended_at.slice(0, 10);
  }
}

interface ShownColumns {
  /** Its sessions and turns can be opened with the key of this browser. */
  isOwn: boolean;
  latency?: (sum: UsageSumJson) => Latency;
}

function columnsOf(group: SumsBy, { isOwn, latency }: ShownColumns): Column<UsageSumJson>[] {
  const timeOf = (ms: number | null) => (ms === null ? "–" : duration(ms));
  const figure = (name: string, cell: (sum: UsageSumJson) => string): Column<UsageSumJson> => {
    return { name, cell, isNumber: true };
  };
  const rated: Column<UsageSumJson> = figure("Good / bad", ({ feedback }) =>
    feedback ? `${feedback.positive} / ${feedback.negative}` : "–",
  );
  return [
    { name: group, cell: (sum) => (isOwn ? <Name group={group} name={sum[group] ?? ""} /> : sum[group] || "unknown") },
    figure("Calls", ({ steps }) => steps.toLocaleString("en")),
    figure("Failed", ({ failures, steps }) => (failures === 0 ? "0" : `${failures} (${percent(failures, steps)})`)),
    figure("Input", (sum) => (sum.input_tokens + sum.cached_tokens).toLocaleString("en")),
    figure("Cached", cachedShare),
    figure("Output", ({ output_tokens }) => output_tokens.toLocaleString("en")),
    ...(latency
      ? [figure("p50", (sum) => timeOf(latency(sum).p50)), figure("p95", (sum) => timeOf(latency(sum).p95))]
      : []),
    ...(group === "version" ? [rated] : []),
    figure("Cost", ({ cost_micros }) => money(cost_micros)),
  ];
}

function percent(part: number, all: number): string {
  return all === 0 ? "all" : `${Math.round((100 * part) / (part + all))} %`;
}

function Name({ group, name }: { group: SumsBy; name: string }) {
  if (group === "session") return <a href={chatHash(name)}>{name}</a>;
  if (group === "day" || name === "") return <span>{name === "" ? "unknown" : name}</span>;
  return <a href={turnsHash({ [group]: name, since: "30d" })}>{name}</a>;
}

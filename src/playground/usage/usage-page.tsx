/** What the account used and what it cost: days as charts, and sums by agent, model, version and session. */
import { useState } from "hono/jsx/dom";
import { daysBetween } from "../chart/scale.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { type DayRange, lastDays, readDaysByModel, readSums, readTurns, type SumsBy } from "./read-usage.ts";
import { UsageCharts } from "./usage-charts.tsx";
import { UsageTable } from "./usage-table.tsx";

const groups: readonly SumsBy[] = ["agent", "model", "version", "session", "day"];

export function UsagePage() {
  const [range, setRange] = useState<DayRange>(lastDays(30));
  const key = `${range.from} ${range.to}`;
  const byDay = useLoad(`day ${key}`, (signal) => readSums("day", range, signal));
  const byModel = useLoad(`models ${key}`, (signal) => readDaysByModel(range, signal));
  const turns = useLoad(`turns ${key}`, (signal) => readTurns(range, signal));
  const isEmpty = byDay.data?.usage.length === 0;
  return (
    <div class="sheet usage">
      <h1>Usage</h1>
      <RangeForm range={range} set={setRange} />
      <LoadState loading={byDay} what="what was used" />
      <div>
        {isEmpty && <p class="notice">Nothing was used in these days.</p>}
        {byDay.data && !isEmpty && (
          <UsageCharts
            days={daysBetween(range.from, range.to)}
            sums={byDay.data.usage}
            byModel={byModel.data ?? []}
            turns={turns.data ?? []}
          />
        )}
      </div>
      <div>
        {!isEmpty &&
          // What fails for all is shown once.
          (byDay.data !== undefined || byDay.fault === "") &&
          groups.map((group) => <UsageTable key={group} group={group} range={range} turns={turns.data ?? []} />)}
      </div>
    </div>
  );
}

function RangeForm({ range, set }: { range: DayRange; set(range: DayRange): void }) {
  const { from, to } = range;
  return (
    <form class="filters" aria-label="Days" onSubmit={(event: Event) => event.preventDefault()}>
      <DayField label="From" value={from} set={(day) => set({ from: day, to: day > to ? day : to })} />
      <DayField label="To" value={to} set={(day) => set({ from: day < from ? day : from, to: day })} />
      <span class="actions">
        {[7, 30, 90].map((count) => (
          <button type="button" class="quiet" key={String(count)} onClick={() => set(lastDays(count))}>
            {count} days
          </button>
        ))}
      </span>
    </form>
  );
}

function DayField({ label, value, set }: { label: string; value: string; set(value: string): void }) {
  return (
    <label>
      {label}
      <input
        type="date"
        value={value}
        onChange={(event: Event) => set((event.target as HTMLInputElement).value || value)}
      />
    </label>
  );
}

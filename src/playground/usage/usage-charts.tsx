/** What was used, over days: money by model, tokens by where they came from, calls that failed, the share from the cache, and times. */
import type { UsageSumJson } from "../../wire/account-shapes.ts";
import { chartHeight, DayAxes, scaleTo } from "../chart/day-axes.tsx";
import { DayBars, Legend } from "../chart/day-bars.tsx";
import { linePath, middleOf } from "../chart/line-path.ts";
import { shortNumber } from "../chart/scale.ts";
import { duration, money } from "../shell/figures.ts";
import type { ListedTurnJson } from "../turns/turn-json.ts";
import { latencyByDay } from "./latency.ts";
import { mostTurns } from "./read-usage.ts";

interface UsageChartsProps {
  days: readonly string[];
  sums: readonly UsageSumJson[];
  byModel: readonly { model: string; days: readonly UsageSumJson[] }[];
  turns: readonly ListedTurnJson[];
}

export function UsageCharts({ days, sums, byModel, turns }: UsageChartsProps) {
  const over = (of: readonly UsageSumJson[], figure: (sum: UsageSumJson) => number) => {
    const known = new Map(of.map((sum) => [sum.day, figure(sum)]));
    return days.map((day) => known.get(day) ?? 0);
  };
  const share = new Map(sums.map((sum) => [sum.day, sharesOf(sum)]));
  const times = latencyByDay(turns, days);
  const newest = turns.length >= mostTurns ? `, of the newest ${mostTurns.toLocaleString("en")} turns` : "";
  return (
    <div class="charts">
      <DayBars
        label="Cost a day, by model"
        days={days}
        series={byModel.map(({ model, days: own }) => ({ name: model, values: over(own, (sum) => sum.cost_micros) }))}
        format={money}
      />
      <DayBars
        label="Tokens a day"
        days={days}
        series={[
          { name: "cached input", values: over(sums, (sum) => sum.cached_tokens) },
          { name: "uncached input", values: over(sums, (sum) => sum.input_tokens) },
          { name: "output", values: over(sums, (sum) => sum.output_tokens) },
        ]}
        format={shortNumber}
      />
      <DayBars
        label="Model calls a day"
        days={days}
        series={[
          { name: "answered", values: over(sums, (sum) => sum.steps) },
          { name: "failed", values: over(sums, (sum) => sum.failures), isBad: true },
        ]}
        format={shortNumber}
      />
      <DayLines
        label="Share of input from the cache"
        days={days}
        series={[{ name: "cached", values: days.map((day) => share.get(day) ?? null) }]}
        format={(value) => `${Math.round(100 * value)} %`}
        atLeast={1}
      />
      <DayLines
        label={`Time of a turn${newest}`}
        days={days}
        series={[
          { name: "p50", values: times.map(({ p50 }) => p50) },
          { name: "p95", values: times.map(({ p95 }) => p95) },
        ]}
        format={duration}
      />
    </div>
  );
}

function sharesOf({ cached_tokens, input_tokens }: UsageSumJson): number | null {
  const all = cached_tokens + input_tokens;
  return all === 0 ? null : cached_tokens / all;
}

/** Values over days as lines. A day without one is a gap, not a zero. */
interface LineSeries {
  name: string;
  /** One for each day; null: nothing is known of it. */
  values: readonly (number | null)[];
}

interface DayLinesProps {
  label: string;
  days: readonly string[];
  series: readonly LineSeries[];
  format(value: number): string;
  /** The least that the axis reaches to. */
  atLeast?: number;
}

function DayLines({ label, days, series, format, atLeast = 0 }: DayLinesProps) {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const scale = scaleTo(Math.max(atLeast, ...known));
  return (
    <figure class="chart">
      <figcaption>{label}</figcaption>
      <svg role="img" aria-label={label} width="100%" height={chartHeight}>
        <DayAxes scale={scale} days={days} format={format} />
        <svg viewBox={`0 0 100 ${chartHeight}`} preserveAspectRatio="none" width="100%" height={chartHeight}>
          <title>{label}</title>
          {series.map(({ name, values }, kind) => (
            <path key={name} class={`line series${kind % 6}`} d={linePath(values, scale.y)} />
          ))}
        </svg>
        {series.flatMap(({ name, values }, kind) =>
          values.map(
            (value, place) =>
              value !== null && (
                <circle
                  key={`${name} ${days[place]}`}
                  class={`series${kind % 6}`}
                  cx={`${middleOf(place, values.length)}%`}
                  cy={scale.y(value)}
                  r="2.5"
                >
                  <title>{`${days[place]}, ${name}: ${format(value)}`}</title>
                </circle>
              ),
          ),
        )}
      </svg>
      <Legend series={series.map(({ name }) => ({ name }))} />
    </figure>
  );
}

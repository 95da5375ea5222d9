/** Values over days as lines. A day without one is a gap, not a zero. */
import { chartHeight, DayAxes, scaleTo } from "./day-axes.tsx";
import { Legend } from "./day-bars.tsx";
import { linePath, middleOf } from "./line-path.ts";

export interface LineSeries {
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

export function DayLines({ label, days, series, format, atLeast = 0 }: DayLinesProps) {
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

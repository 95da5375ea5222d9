/** A bar for each day, in parts by series. Days without any are there, and empty. */
import { chartHeight, DayAxes, scaleTo } from "./day-axes.tsx";

export interface BarSeries {
  name: string;
  /** One for each day. */
  values: readonly number[];
  /** It shows what went wrong. */
  isBad?: true;
}

interface DayBarsProps {
  /** What it shows, in words. */
  label: string;
  days: readonly string[];
  series: readonly BarSeries[];
  format(value: number): string;
}

export function DayBars({ label, days, series, format }: DayBarsProps) {
  const sums = days.map((_, place) => series.reduce((sum, { values }) => sum + (values[place] ?? 0), 0));
  const scale = scaleTo(Math.max(0, ...sums));
  const width = 100 / Math.max(1, days.length);
  return (
    <figure class="chart">
      <figcaption>{label}</figcaption>
      <svg
        role="img"
        aria-label={`${label}: ${format(sums.reduce((a, b) => a + b, 0))} in all`}
        width="100%"
        height={chartHeight}
      >
        <DayAxes scale={scale} days={days} format={format} />
        {days.flatMap((day, place) => {
          let below = 0;
          return series.map(({ name, values, isBad }, kind) => {
            const value = values[place] ?? 0;
            const y = scale.y(below + value);
            const height = scale.y(below) - y;
            below += value;
            return (
              <rect
                key={`${day} ${name}`}
                class={colorOf(kind, isBad)}
                x={`${place * width + width * 0.12}%`}
                y={y}
                width={`${width * 0.76}%`}
                height={value === 0 ? 0 : Math.max(1, height)}
              >
                <title>{`${day}, ${name}: ${format(value)}`}</title>
              </rect>
            );
          });
        })}
      </svg>
      <Legend series={series} />
    </figure>
  );
}

function colorOf(kind: number, isBad: true | undefined): string {
  return isBad ? "failed" : `series${kind % 6}`;
}

export function Legend({ series }: { series: readonly Pick<BarSeries, "name" | "isBad">[] }) {
  if (series.length < 2) return <ul class="legend" />;
  return (
    <ul class="legend">
      {series.map(({ name, isBad }, kind) => (
        <li key={name}>
          <span class={`swatch ${colorOf(kind, isBad)}`} aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  );
}

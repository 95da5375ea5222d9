/** Tokens a day, each bar in parts by model. The figures are in the table below it. */
import { useEffect, useState } from "hono/jsx/dom";
import { callJson } from "../shell/api.ts";

interface DaySum {
  day: string;
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
}
interface Series {
  model: string;
  tokens: Map<string, number>;
}

const width = 640;
const height = 140;
/** More models than these are not shown separately. */
const mostModels = 5;

export function DayChart({ from, to }: { from: string; to: string }) {
  const [series, setSeries] = useState<Series[]>([]);
  useEffect(() => {
    // The table beside it shows what is wrong.
    seriesOf(from, to).then(setSeries, () => setSeries([]));
  }, [from, to]);
  const days = [...new Set(series.flatMap(({ tokens }) => [...tokens.keys()]))].toSorted();
  const sums = days.map((day) => series.reduce((sum, { tokens }) => sum + (tokens.get(day) ?? 0), 0));
  const most = Math.max(1, ...sums);
  const step = width / Math.max(days.length, 7);
  return (
    <div class="chart">
      <svg class="day-chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label="Tokens a day by model">
        {days.flatMap((day, place) => {
          let y = height;
          return series.map(({ model, tokens }, kind) => {
            const high = ((tokens.get(day) ?? 0) / most) * height;
            y -= high;
            return (
              <rect
                key={`${day} ${model}`}
                class={`model${kind}`}
                x={place * step + 1}
                y={y}
                width={Math.max(1, step - 2)}
                height={high}
              >
                <title>{`${day}, ${model}: ${tokens.get(day) ?? 0} tokens`}</title>
              </rect>
            );
          });
        })}
      </svg>
      <ul class="legend">
        {series.map(({ model }, kind) => (
          <li key={model}>
            <span class={`swatch model${kind}`} aria-hidden="true" />
            {model}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Of the models that cost most. */
async function seriesOf(from: string, to: string): Promise<Series[]> {
  const until = new Date(Date.parse(to) + 86_400_000).toISOString().slice(0, 10);
  const usageBy = <T,>(query: string) => callJson<{ usage: T[] }>(`/v1/usage?from=${from}&to=${until}&${query}`);
  const { usage } = await usageBy<{ model: string }>("group_by=model");
  return Promise.all(
    usage.slice(0, mostModels).map(async ({ model }) => {
      const days = (await usageBy<DaySum>(`group_by=day&model=${encodeURIComponent(model)}`)).usage;
      return { model, tokens: new Map(days.map((sum) => [sum.day, tokensOf(sum)])) };
    }),
  );
}

function tokensOf({ input_tokens, cached_tokens, output_tokens }: DaySum): number {
  return input_tokens + cached_tokens + output_tokens;
}

/** When turns failed, over the time that the list shows. */
import { callJson } from "../shell/api.ts";
import { useLoad } from "../shell/use-load.ts";
import { perPart, sinceMs, type TurnFilters, turnParameters } from "./turn-filters.ts";
import type { ListedTurns } from "./turn-json.ts";

const parts = 48;
const mostTurns = 500;

export function FailureSpark({ filters }: { filters: TurnFilters }) {
  const failures = { ...filters, status: "failed", min_ms: "", min_cost_micros: "" };
  const { data } = useLoad(JSON.stringify(failures), async (signal) => {
    const nowMs = Date.now();
    const parameters = new URLSearchParams({ ...turnParameters(failures, nowMs), limit: String(mostTurns) });
    const { turns } = await callJson<ListedTurns>(`/v1/turns?${parameters}`, { signal });
    return { nowMs, times: turns.map(({ ended_at }) => Date.parse(ended_at)) };
  });
  // The list says what is wrong, and that there is nothing.
  if (data === undefined || data.times.length === 0) return <div class="no-failures" />;
  const { nowMs, times } = data;
  const fromMs = sinceMs(filters.since, nowMs) ?? Math.min(...times);
  const count = `${times.length}${times.length === mostTurns ? " or more" : ""}`;
  return (
    <div>
      <Spark
        counts={perPart(times, { fromMs, toMs: nowMs, count: parts })}
        label={`${count} failed ${times.length === 1 ? "turn" : "turns"}`}
        from={dayAndTime(fromMs)}
        to="now"
      />
    </div>
  );
}

function dayAndTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
}

interface SparkProps {
  counts: readonly number[];
  /** What it shows, in words and figures. */
  label: string;
  from: string;
  to: string;
}

const height = 40;

/** Bars without axes, for one look: how often something happened in equal parts of a time. */
function Spark({ counts, label, from, to }: SparkProps) {
  const most = Math.max(1, ...counts);
  const width = 100 / Math.max(1, counts.length);
  return (
    <figure class="chart spark">
      <svg role="img" aria-label={label} width="100%" height={height + 2}>
        <line class="axis" x1="0" x2="100%" y1={height + 1} y2={height + 1} />
        {counts.map((count, place) => {
          const high = count === 0 ? 0 : Math.max(2, (count / most) * height);
          return (
            <rect
              key={String(place)}
              class="failed"
              x={`${place * width + width * 0.1}%`}
              y={height - high}
              width={`${width * 0.8}%`}
              height={high}
            />
          );
        })}
      </svg>
      <figcaption>
        <span>{from}</span>
        <span>{label}</span>
        <span>{to}</span>
      </figcaption>
    </figure>
  );
}

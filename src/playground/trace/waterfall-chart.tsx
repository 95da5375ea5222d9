/** The rows of a trace as bars on one axis of time: a row can be opened for what it used, what it waited for, and what it is called in the trace. */
import type { Child } from "hono/jsx";
import { ticksWithin } from "../chart/scale.ts";
import { duration } from "../shell/figures.ts";
import type { TraceRow, TraceView } from "./spans.ts";

interface WaterfallProps {
  trace: TraceView;
  /** The id of the open row. */
  open: string | undefined;
  choose(id: string | undefined): void;
  detail(row: TraceRow): Child;
}

export function WaterfallChart({ trace, open, choose, detail }: WaterfallProps) {
  const { rows, totalMs } = trace;
  const marks = ticksWithin(totalMs, 5);
  return (
    <div class="trace-chart">
      <div class="axis-row" aria-hidden="true">
        <span />
        <svg class="axis" width="100%" height="18">
          <title>Time</title>
          {marks.map((ms) => (
            <text key={String(ms)} x={percent(ms, totalMs)} y="13" text-anchor={ms === 0 ? "start" : "middle"}>
              {duration(ms)}
            </text>
          ))}
        </svg>
        <span />
      </div>
      <ol class="waterfall" aria-label={`What the turn did, ${duration(totalMs)} in all`}>
        {rows.map((row) => (
          <li key={row.id} class={`span ${row.kind}`}>
            <button
              type="button"
              class={`what depth-${Math.min(row.depth, 5)}`}
              aria-expanded={open === row.id ? "true" : "false"}
              onClick={() => choose(open === row.id ? undefined : row.id)}
            >
              <small>{kindWords(row)}</small> {row.name}
              {row.failed && <span class="failed-word"> failed</span>}
            </button>
            <Lane row={row} totalMs={totalMs} marks={marks} />
            <span class="when">{duration(row.durationMs)}</span>
            <div class="detail">{open === row.id && detail(row)}</div>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Lane({ row, totalMs, marks }: { row: TraceRow; totalMs: number; marks: readonly number[] }) {
  const { kind, fromMs, durationMs, firstMs = 0, waits, steps, failed } = row;
  const first = Math.min(firstMs, durationMs);
  return (
    <svg class="lane-chart" width="100%" height="16" aria-hidden="true">
      <title>{row.name}</title>
      {marks.map((ms) => (
        <line key={String(ms)} class="grid" x1={percent(ms, totalMs)} x2={percent(ms, totalMs)} y1="0" y2="16" />
      ))}
      <rect
        class={`bar ${kind}${failed ? " failed" : ""}`}
        x={percent(Math.min(fromMs, totalMs * 0.996), totalMs)}
        y="3"
        width={percent(Math.max(durationMs, totalMs * 0.004), totalMs)}
        height="10"
        rx="2"
      />
      {waits.map((wait) => (
        <rect
          key={`wait ${wait.fromMs}`}
          class="bar wait"
          x={percent(wait.fromMs, totalMs)}
          y="3"
          width={percent(wait.toMs - wait.fromMs, totalMs)}
          height="10"
        />
      ))}
      {steps.map(({ name, atMs }) => (
        <line
          key={`step ${name}`}
          class="step"
          x1={percent(atMs, totalMs)}
          x2={percent(atMs, totalMs)}
          y1="2"
          y2="14"
        />
      ))}
      <rect class="until-first" x={percent(fromMs, totalMs)} y="6" width={percent(first, totalMs)} height="4" />
    </svg>
  );
}

function kindWords({ kind, step, attempt = 1 }: TraceRow): string {
  switch (kind) {
    case "turn":
      return "turn";
    case "model":
      return step === undefined ? "model" : `step ${step}${attempt > 1 ? `, try ${attempt}` : ""}`;
    case "tool":
      return "tool";
    case "summary":
      return "summary";
    case "delivery":
      return "delivery";
    case "agent":
      return "agent";
    case "other":
      return "";
  }
}

/** Units of the picture itself: its lines stay as thin as they are, however wide it is. */
function percent(ms: number, totalMs: number): string {
  return `${Number(((100 * Math.max(0, ms)) / totalMs).toFixed(3))}%`;
}

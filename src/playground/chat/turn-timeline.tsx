/** The timeline of one turn: model calls, tools side by side, waits for people, as a waterfall with its figures. */
import { duration } from "../shell/figures.ts";
import type { PageEntry } from "../shell/shapes.ts";
import { type Bar, waterfall } from "./waterfall.ts";

const width = 600;

export function TurnTimeline({ entries }: { entries: readonly PageEntry[] }) {
  const bars = waterfall(entries);
  if (bars.length === 0) return <p class="hint">Nothing was done in this turn yet.</p>;
  const total = Math.max(1, ...bars.map(({ fromMs, durationMs }) => fromMs + durationMs));
  return (
    <ol class="waterfall" aria-label={`Timeline, ${duration(total)} in all`}>
      {bars.map((bar, place) => (
        <li key={String(place)}>
          <span class="what">
            {bar.name}
            {bar.failed && " (failed)"}
          </span>
          <Lane bar={bar} total={total} />
          <span class="when">
            {duration(bar.durationMs)}
            {bar.firstMs !== undefined && `, first token after ${duration(bar.firstMs)}`}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Lane({ bar, total }: { bar: Bar; total: number }) {
  const at = (ms: number) => (ms / total) * width;
  const first = Math.min(bar.firstMs ?? 0, bar.durationMs);
  return (
    <svg viewBox={`0 0 ${width} 12`} preserveAspectRatio="none" height="12" aria-hidden="true">
      <title>{bar.name}</title>
      <rect class="lane" x="0" y="5" width={width} height="2" />
      <rect
        class={`bar ${bar.kind}${bar.failed ? " failed" : ""}`}
        x={at(bar.fromMs)}
        y="1"
        width={Math.max(2, at(bar.durationMs))}
        height="10"
      />
      {first > 0 && <rect class="until-first" x={at(bar.fromMs)} y="1" width={at(first)} height="10" />}
    </svg>
  );
}

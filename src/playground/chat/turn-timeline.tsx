/** The timeline of one turn: model calls, tools side by side, waits for people, as a waterfall with its figures. */
import { duration } from "../shell/figures.ts";
import type { PageEntry } from "../shell/shapes.ts";

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

/** When what of a turn happened, read off its entries: model calls, tools, and waits for people. Pure. */
interface Bar {
  kind: "model" | "tool" | "wait";
  name: string;
  /** From the turn's beginning, in ms. */
  fromMs: number;
  durationMs: number;
  /** A model's first token. */
  firstMs?: number;
  failed: boolean;
}

/** `entries`: those of one turn, in order. Entries are recorded when what they describe has ended. */
function waterfall(entries: readonly PageEntry[]): Bar[] {
  const begin = Date.parse(entries[0]?.created_at ?? "");
  return entries.flatMap((entry): Bar[] => {
    const endMs = Date.parse(entry.created_at) - begin;
    const durationMs = Math.min(entry.duration_ms ?? 0, endMs);
    const bar = { fromMs: endMs - durationMs, durationMs };
    switch (entry.type) {
      case "assistant":
      case "step_failed": {
        const first = entry.first_event_ms;
        const name = `${entry.model ?? "model"}, step ${entry.step ?? 0}`;
        const failed = entry.type === "step_failed";
        return [{ kind: "model", name, ...bar, ...(first !== undefined && { firstMs: first }), failed }];
      }
      case "tool":
        return [
          { kind: "tool", name: entry.message?.name ?? "tool", ...bar, failed: entry.message?.is_error ?? false },
        ];
      case "approval":
        return [
          {
            kind: "wait",
            name: `${entry.name}: ${entry.approve ? "approved" : "denied"}`,
            ...waited(entries, entry, begin),
            failed: false,
          },
        ];
      default:
        return [];
    }
  });
}

/** From the reply that requested the approval to the answer. */
function waited(
  entries: readonly PageEntry[],
  approval: PageEntry,
  begin: number,
): { fromMs: number; durationMs: number } {
  const requested = entries.findLast(({ type, seq }) => type === "assistant" && seq < approval.seq);
  const fromMs = Date.parse(requested?.created_at ?? approval.created_at) - begin;
  return { fromMs, durationMs: Date.parse(approval.created_at) - begin - fromMs };
}

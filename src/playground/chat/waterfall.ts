/** When what of a turn happened, read off its entries: model calls, tools, and waits for people. Pure. */
import type { PageEntry } from "../shell/shapes.ts";

export interface Bar {
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
export function waterfall(entries: readonly PageEntry[]): Bar[] {
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

/** The figures of two turns side by side, and how the second differs from the first. Pure. */
import type { CallView } from "../chat/item-view.ts";
import { answerOf, type ShownTurn } from "../chat/turn-view.ts";
import { duration, money } from "../shell/figures.ts";
import { cachedShare } from "../turns/turn-json.ts";

export interface ComparedFigure {
  name: string;
  a: string;
  b: string;
  /** Such as `+12 %`, or `other` for two texts that differ; empty where they are the same. */
  difference: string;
}

export function comparedFigures(a: ShownTurn, b: ShownTurn): ComparedFigure[] {
  const textual = (name: string, of: (turn: ShownTurn) => string): ComparedFigure => {
    const [one, other] = [of(a), of(b)];
    return { name, a: one, b: other, difference: one === other ? "" : "other" };
  };
  const counted = (name: string, of: (turn: ShownTurn) => number | undefined, words: (count: number) => string) => {
    const [one, other] = [of(a), of(b)];
    const shown = (count: number | undefined) => (count === undefined ? "–" : words(count));
    return { name, a: shown(one), b: shown(other), difference: change(one, other) };
  };
  const plain = (count: number) => count.toLocaleString("en");
  return [
    textual("Outcome", ({ end }) => end?.reason.replace("_", " ") ?? "open"),
    textual("Agent", ({ agent }) => agent ?? "–"),
    textual("Version", ({ version }) => version ?? "–"),
    textual("Model", (turn) => answerOf(turn).model),
    textual("Calls", (turn) => callWords(callsOf(turn))),
    counted("Time", ({ durationMs }) => durationMs, duration),
    counted("First event", ({ firstEventMs }) => firstEventMs, duration),
    counted("Cost", costOf, money),
    counted("Input tokens", ({ end }) => end && end.usage.input_tokens + end.usage.cached_tokens, plain),
    textual("Cached", ({ end }) => (end === undefined ? "–" : cachedShare(end.usage))),
    counted("Output tokens", ({ end }) => end?.usage.output_tokens, plain),
  ];
}

/** With the agents that were called. */
function costOf({ end }: ShownTurn): number | undefined {
  return end && end.costMicros + (end.children?.costMicros ?? 0);
}

function callsOf({ items }: ShownTurn): CallView[] {
  return items.flatMap((item) => (item.kind === "reply" ? item.calls : []));
}

/** Such as `search ×2, refund (failed)`. */
function callWords(calls: readonly CallView[]): string {
  const names = calls.map(({ name, state }) => (state === "failed" ? `${name} (failed)` : name));
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, all]) => (all.length === 1 ? name : `${name} ×${all.length}`)).join(", ") || "none";
}

function change(one: number | undefined, other: number | undefined): string {
  if (one === undefined || other === undefined || one === other) return "";
  if (one === 0) return "more";
  const percent = Math.round((100 * (other - one)) / one);
  return `${percent > 0 ? "+" : ""}${percent} %`;
}

/** What a turn used and cost: a stacked bar, and the same in words and figures. */

import type { UsageJson } from "../../wire/shapes.ts";
import { money } from "../shell/figures.ts";

export interface TokenBarProps {
  usage: UsageJson;
  costMicros: number;
  firstEventMs?: number | undefined;
  durationMs?: number | undefined;
}

const width = 240;
const height = 8;

export function TokenBar({ usage, costMicros, firstEventMs, durationMs }: TokenBarProps) {
  const parts = partsOf(usage);
  const total = Math.max(
    1,
    parts.reduce((sum, { count }) => sum + count, 0),
  );
  let at = 0;
  return (
    <div class="token-bar">
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
        <title>Tokens</title>
        {parts.map(({ kind, count }) => {
          const x = at;
          at += (count / total) * width;
          return <rect key={kind} class={`part ${kind}`} x={x} y="0" width={at - x} height={height} />;
        })}
      </svg>
      <ul class="figures">
        {parts.map(({ kind, count }) => (
          <li key={kind}>
            <span class={`swatch ${kind}`} aria-hidden="true" />
            {count.toLocaleString("en")} {kind}
          </li>
        ))}
        <li>{usage.cached ? "$0, answered from the cache" : money(costMicros)}</li>
        {firstEventMs !== undefined && <li>first token after {seconds(firstEventMs)}</li>}
        {speed(usage, firstEventMs, durationMs)}
      </ul>
    </div>
  );
}

/** Disjoint: reasoning is part of the output tokens that are counted. */
function partsOf({ cached_tokens, input_tokens, reasoning_tokens, output_tokens }: UsageJson) {
  return [
    { kind: "cached", count: cached_tokens },
    { kind: "fresh", count: input_tokens },
    { kind: "reasoning", count: reasoning_tokens },
    { kind: "output", count: Math.max(0, output_tokens - reasoning_tokens) },
  ];
}

function speed({ output_tokens }: UsageJson, firstEventMs: number | undefined, durationMs: number | undefined) {
  const ms = (durationMs ?? 0) - (firstEventMs ?? 0);
  if (ms <= 0 || output_tokens === 0) return false;
  return <li>{Math.round((output_tokens * 1000) / ms)} tokens/s</li>;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

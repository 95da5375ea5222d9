/** WHAT an app says of an alert, and the words of one. Pure. */
import { defined } from "../core/defined.ts";
/** Over the window: `failed_turns`, `tool_errors` (results that are errors), `repairs` and `negative_feedback` are counts, `cost_micros` is a sum in millionths of a US dollar, and `first_event_ms` is the average time to a turn's first event. */
export const alertMetrics = [
  "failed_turns",
  "tool_errors",
  "repairs",
  "cost_micros",
  "first_event_ms",
  "negative_feedback",
] as const;
export type AlertMetric = (typeof alertMetrics)[number];

/**
 * A threshold over the turns of one account. One notice is sent when it is passed, and one when it is not any more.
 *
 * @example
 * alerts: [{ metric: "failed_turns", over: 5, windowMinutes: 15, to: slackRoom("T1", "C1") }]
 */
export interface AlertRule {
  metric: AlertMetric;
  /** The alert is for more than this. */
  over: number;
  /** 1 to 1,440. */
  windowMinutes: number;
  /** Where it goes: `slackRoom(…)`, `discordRoom(…)`, or `{ channel: "callback", url: "https://…" }`, which gets `{ type: "alert", … }`. */
  to: { readonly channel: string } | { readonly channel: "callback"; readonly url: string };
  /** Turns of this agent alone. */
  agent?: string;
}

/** An alert that is to be sent. */
export interface AlertNotice {
  /** The same however often it is sent. */
  id: string;
  rule: AlertRule;
  state: "breached" | "recovered";
  /** What the metric was; null when there was nothing to measure any more. */
  value: number | null;
  atMs: number;
}

/** Why a rule cannot be one; `undefined` when it can. */
export function alertFault({ metric, over, windowMinutes, to }: AlertRule): string | undefined {
  if (!alertMetrics.includes(metric)) return `metric must be one of ${alertMetrics.join(", ")}`;
  if (!(Number.isFinite(over) && over >= 0)) return "over must be a number, 0 or more";
  if (!(Number.isInteger(windowMinutes) && windowMinutes >= 1 && windowMinutes <= 1_440))
    return "windowMinutes must be a whole number from 1 to 1440";
  if (typeof to?.channel !== "string") return 'to must be an address, such as slackRoom("T1", "C1")';
  return undefined;
}

/** What a person reads. */
export function alertText({ rule, state, value }: AlertNotice): string {
  const { metric, over, windowMinutes, agent } = rule;
  const of = agent === undefined ? "" : ` of ${agent}`;
  const named = `${names[metric]}${of} in the last ${windowMinutes} min: ${shown(metric, value)}`;
  const limit = shown(metric, over);
  return state === "breached"
    ? `⚠️ Alert: ${named}, which is over ${limit}.`
    : `✅ Over: ${named}, which is not over ${limit} any more.`;
}

/** What a program reads. */
export function alertJson({ rule, state, value, atMs }: AlertNotice): Record<string, unknown> {
  const { metric, over, windowMinutes, agent } = rule;
  const named = { metric, over, window_minutes: windowMinutes, ...defined({ agent }) };
  return { state, ...named, value, at: new Date(atMs).toISOString() };
}

const names: Record<AlertMetric, string> = {
  failed_turns: "Failed turns",
  tool_errors: "Failed tool calls",
  repairs: "Repairs",
  cost_micros: "Cost",
  first_event_ms: "Average time to the first event",
  negative_feedback: "Negative feedback",
};

function shown(metric: AlertMetric, value: number | null): string {
  if (value === null) return "none";
  if (metric === "cost_micros") return `${(value / 1_000_000).toFixed(2)} USD`;
  return metric === "first_event_ms" ? `${Math.round(value)} ms` : String(value);
}

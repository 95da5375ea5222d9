/** The figures of a soak, and how they are printed. Pure. */
import type { Violation } from "./check.ts";
import type { Collector } from "./harness/collector.ts";
import type { Execution } from "./harness/tool-server.ts";
import type { SessionLog } from "./session-log.ts";

export interface SoakReport {
  seed: number;
  kills: number;
  killsByPoint: Record<string, number>;
  restartMedianMs: number;
  sessions: number;
  messages: number;
  turns: number;
  /** How often tools were called, by name. */
  toolCalls: Record<string, number>;
  unknownOutcomes: number;
  readerReconnects: number;
  eventsChecked: number;
  /** Answers that clients of other doors read, how often they came back, and how many were told that theirs began again. */
  doorAnswers: number;
  doorReconnects: number;
  answersRestarted: number;
  /** Commits that the kills took away. */
  vanishedCommits: number;
  /** Answers with status 500 and up. */
  serverErrors: number;
  /** Spans that were compared with what the collector got, and how often it was asked, and failed. */
  spansChecked: number;
  collectorRequests: number;
  collectorFailures: number;
  /** Turns that the rollout counted, and what it decided. */
  rolloutTurns: number;
  rolloutDecisions: number;
  violations: Violation[];
  seconds: number;
}

export interface Collected {
  seed: number;
  kills: Record<string, number>;
  restartsMs: readonly number[];
  vanished: number;
  logs: readonly SessionLog[];
  serverErrors: number;
  executions: readonly Execution[];
  violations: Violation[];
  collector: Pick<Collector, "requests" | "failed">;
  rolloutTurns: number;
  rolloutDecisions: number;
  durationMs: number;
}

/** Adds up what was collected. */
export function soakReport(of: Collected): SoakReport {
  const entries = of.logs.flatMap((log) => log.entries);
  const readers = of.logs.flatMap((log) => log.readers);
  const doors = of.logs.flatMap((log) => log.doors);
  const byName = Object.groupBy(of.executions, ({ name }) => name);
  return {
    seed: of.seed,
    kills: Object.values(of.kills).reduce((sum, count) => sum + count, 0),
    killsByPoint: of.kills,
    restartMedianMs: Math.round(of.restartsMs.toSorted((a, b) => a - b)[of.restartsMs.length >> 1] ?? 0),
    sessions: of.logs.length,
    messages: of.logs.reduce((sum, { messages }) => sum + messages.length, 0),
    turns: entries.filter(({ type }) => type === "turn_ended").length,
    toolCalls: Object.fromEntries(Object.entries(byName).map(([name, calls]) => [name, calls.length])),
    unknownOutcomes: entries.filter(({ message }) => message?.content.startsWith("Outcome unknown")).length,
    readerReconnects: readers.reduce((sum, { reconnects }) => sum + reconnects, 0),
    eventsChecked: readers.reduce((sum, { events }) => sum + events.length, 0),
    doorAnswers: doors.filter(({ state }) => state === "whole" || state === "error").length,
    doorReconnects: doors.reduce((sum, { reconnects }) => sum + reconnects, 0),
    answersRestarted: doors.filter(({ code }) => code === "answer_restarted").length,
    vanishedCommits: of.vanished,
    serverErrors: of.serverErrors,
    spansChecked: of.logs.flatMap((log) => log.traces.flatMap(({ spans }) => spans)).length,
    collectorRequests: of.collector.requests,
    collectorFailures: of.collector.failed,
    rolloutTurns: of.rolloutTurns,
    rolloutDecisions: of.rolloutDecisions,
    violations: of.violations,
    seconds: Math.round(of.durationMs / 100) / 10,
  };
}

/** The report as lines of text, with the first ten violations. */
export function reportText(report: SoakReport): string {
  const { violations, killsByPoint, toolCalls, ...figures } = report;
  const counts = (of: Record<string, number>) =>
    Object.entries(of)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  const lines = Object.entries(figures).map(([name, value]) => line(words(name), String(value)));
  const byRule = Object.groupBy(violations, ({ rule }) => rule);
  const rules = Object.fromEntries(Object.entries(byRule).map(([rule, all = []]) => [rule, all.length]));
  const first = violations.slice(0, 10).map(({ rule, session, detail }) => `  ${session}: ${rule}: ${detail}`);
  return [
    ...lines,
    line("kills by point", counts(killsByPoint)),
    line("tool calls", counts(toolCalls)),
    line("violations", String(violations.length)),
    ...(violations.length > 0 ? [line("by rule", counts(rules))] : []),
    ...first,
  ].join("\n");
}

function line(name: string, value: string): string {
  return `${name.padEnd(20)} ${value}`;
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

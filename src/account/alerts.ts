/** Compares sums over the last minutes with the app's thresholds, once a minute while there is something to compare, and has a notice sent once when one is passed and once when it is not any more. */
import {
  type AlertMetric,
  type AlertNotice,
  type AlertRule,
  alertJson,
  alertMetrics,
  alertText,
} from "../observe/alert-rule.ts";
import type { AccountJob, AccountJobHost, Notice, ReportedFeedback, ReportedTurn } from "../observe/telemetry.ts";
import { keepWatched, readWatched } from "./watched.ts";

export interface AlertSetup {
  rules: readonly AlertRule[];
  /** Delivers the notice, and never twice. Rejects when it could not be handed over. */
  send(notice: Notice): Promise<void>;
}

/** How long after a turn the thresholds are looked at, and how often while there are turns in a window. */
const soonMs = 5_000;
const everyMs = 60_000;

/** `changes`: how often it was passed or not any more; names the notices. */
interface RuleState {
  isBreached: boolean;
  changes: number;
  owed: AlertNotice[];
}

const columns = alertMetrics.join(", ");

export class Alerts implements AccountJob {
  readonly name = "alerts";
  readonly #host: AccountJobHost;
  readonly #setup: AlertSetup;
  readonly #longestMinutes: number;
  /** Unknown after a start: then they are looked at first. */
  #dueMs: number | undefined = 0;

  constructor(host: AccountJobHost, setup: AlertSetup) {
    this.#host = host;
    this.#setup = setup;
    this.#longestMinutes = Math.max(...setup.rules.map(({ windowMinutes }) => windowMinutes));
  }

  /** Rows are read at each use. All are looked at again: a look that failed has left nothing due. */
  forget(): void {
    this.#dueMs = 0;
  }

  turnsEnded(turns: readonly ReportedTurn[]): void {
    for (const turn of turns) {
      const { endedAtMs, agent, reason, toolErrors, repairs, costMicros, firstEventMs } = turn;
      this.#add(endedAtMs, agent, {
        ...{ failed_turns: reason === "failed" ? 1 : 0, tool_errors: toolErrors, repairs, cost_micros: costMicros },
        ...{ first_event_ms: firstEventMs ?? 0, first_events: firstEventMs === null ? 0 : 1 },
      });
    }
  }

  feedbackGiven(given: ReportedFeedback, before: ReportedFeedback | undefined): void {
    if (before !== undefined && before.score < 0) this.#add(before.atMs, before.agent, { negative_feedback: -1 });
    if (given.score < 0) this.#add(given.atMs, given.agent, { negative_feedback: 1 });
  }

  dueMs(): number | undefined {
    return this.#dueMs;
  }

  async run(nowMs: number): Promise<void> {
    if (this.#dueMs === undefined || this.#dueMs > nowMs) return;
    this.#dueMs = undefined;
    let isWatched = this.#removeOld(nowMs);
    for (const rule of this.#setup.rules) {
      const id = idOf(rule);
      const state = this.#compared(id, rule, nowMs);
      for (const notice of state.owed) {
        await this.#setup.send(noticeOf(notice)).then(
          () =>
            this.#write(id, { ...this.#state(id), owed: this.#state(id).owed.filter(({ id }) => id !== notice.id) }),
          (error: unknown) => console.error("an alert could not be sent; it is tried again", error),
        );
      }
      isWatched ||= state.isBreached || this.#state(id).owed.length > 0;
    }
    if (isWatched) this.#dueMs = Math.min(this.#dueMs ?? Number.POSITIVE_INFINITY, nowMs + everyMs);
  }

  /** The rule's state now; what changed in it is written, with the notice that is owed for it. */
  #compared(id: string, rule: AlertRule, nowMs: number): RuleState {
    const before = this.#state(id);
    const value = this.#value(rule, nowMs);
    const isBreached = value !== null && value > rule.over;
    if (isBreached === before.isBreached) return before;
    const changes = before.changes + 1;
    const state = isBreached ? ("breached" as const) : ("recovered" as const);
    const notice: AlertNotice = { id: `${id} ${changes}`, rule, state, value, atMs: nowMs };
    const after = { isBreached, changes, owed: [...before.owed, notice] };
    this.#write(id, after);
    return after;
  }

  /** Null when there is nothing to take an average of. */
  #value({ metric, windowMinutes, agent }: AlertRule, nowMs: number): number | null {
    const value =
      metric === "first_event_ms"
        ? "sum(first_event_ms) * 1.0 / nullif(sum(first_events), 0)"
        : `coalesce(sum(${metric}), 0)`;
    const query = `SELECT ${value} AS value FROM minutes WHERE minute > ?1 AND (?2 IS NULL OR agent = ?2)`;
    const since = Math.floor(nowMs / 60_000) - windowMinutes;
    return this.#host.storage.sql.exec<{ value: number | null }>(query, since, agent ?? null).one().value;
  }

  #add(atMs: number, agent: string, values: Partial<Record<AlertMetric | "first_events", number>>): void {
    const all = [...alertMetrics.map((metric) => values[metric] ?? 0), values.first_events ?? 0];
    this.#host.storage.sql.exec(
      `INSERT INTO minutes (minute, agent, ${columns}, first_events) VALUES (?, ?, ${all.map(() => "?").join(", ")})
       ON CONFLICT (minute, agent) DO UPDATE SET ${[...alertMetrics, "first_events"].map((name) => `${name} = ${name} + excluded.${name}`).join(", ")}`,
      Math.floor(atMs / 60_000),
      agent,
      ...all,
    );
    this.#dueMs ??= Date.now() + soonMs;
  }

  /** Whether any minute is left that a window may hold. */
  #removeOld(nowMs: number): boolean {
    const { sql } = this.#host.storage;
    sql.exec("DELETE FROM minutes WHERE minute <= ?", Math.floor(nowMs / 60_000) - this.#longestMinutes);
    return sql.exec("SELECT 1 FROM minutes LIMIT 1").toArray().length > 0;
  }

  #state(id: string): RuleState {
    const none: RuleState = { isBreached: false, changes: 0, owed: [] };
    return readWatched(this.#host.storage.sql, `alert ${id}`) ?? none;
  }

  #write(id: string, state: RuleState): void {
    keepWatched(this.#host.storage.sql, `alert ${id}`, state);
  }
}

function noticeOf(notice: AlertNotice): Notice {
  const { id, rule } = notice;
  const { metric, over, to } = rule;
  return { id, subject: `Is ${metric} over ${over}?`, text: alertText(notice), data: alertJson(notice), to };
}

/** Names a rule for as long as it says the same. */
function idOf({ metric, over, windowMinutes, agent = "", to }: AlertRule): string {
  return JSON.stringify([metric, over, windowMinutes, agent, to]);
}

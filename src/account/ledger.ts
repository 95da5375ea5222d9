/** What each model call of the account used, took and cost: one row per step, written once however often it is reported, one more for each other model that failed in it, and sums of each day. */
import type { AccountShares, ShareToOpen } from "../core/account-shares.ts";
import { defined } from "../core/defined.ts";
import type { AccountLimits } from "./account-record.ts";

/** Tokens, and what they cost, in micro-dollars. */
interface TokenCosts {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costMicros: number;
}

/** What one step took, or many: of many, `firstEventMs` and `durationMs` are averages. */
interface StepAmounts extends TokenCosts {
  /** Things that had to be repaired in the reply or in its calls' arguments. */
  repairs: number;
  firstEventMs: number | null;
  durationMs: number | null;
  /** Rows that the turn wrote, and its operations of Workers KV, reported with its last step; 0 with the others. */
  rowsWritten: number;
  kvReads: number;
  kvWrites: number;
}

/** A finished step as its session reports it; `seq` names it within the session. Times in ms, money in micro-dollars. */
export interface StepRecord extends StepAmounts {
  seq: number;
  atMs: number;
  model: string;
  /** Name of the session's agent, and the version that the turn ran with; absent in reports of earlier versions. */
  agent?: string;
  agentVersion?: string;
  /** Whether the step ended without an answer. */
  failed: boolean;
  /** Tries before the last one, at any model. */
  retries: number;
  /** What of this was at other models, which failed. An account of an earlier version books it under `model`. */
  others?: OtherTries[];
}

/** The tries of a step at one model that did not end it. */
export interface OtherTries extends TokenCosts {
  model: string;
  tries: number;
}

export type UsageGroup = "day" | "model" | "session" | "agent" | "version";

/** Sums over the steps of one group; `key` is the day (UTC), the model's id, the session's, the agent's name or its version. */
export interface UsageSum extends StepAmounts {
  key: string;
  /** Each counts once, under the model that it ended with. */
  steps: number;
  /** How often a step failed at a model: there was no answer, or another model gave it. */
  failures: number;
  /** Calls that were made again at the same model. A call that failed is a failure or a retry, never both. */
  retries: number;
  /** What people thought of the turns; `average`: of their scores, null without any. */
  feedback?: { positive: number; negative: number; count: number; average: number | null };
}

export interface UsageQuery {
  group: UsageGroup;
  fromMs: number;
  toMs: number;
  model?: string;
  /** The agent of steps that were recorded before agents had names. */
  defaultAgent?: string;
}

/** A day in ms: days are summed as the steps come, so that a start and a page of days read no steps. */
const dayMs = 86_400_000;

const sums = `sum(failed) AS failures, sum(retries) AS retries, sum(repairs) AS repairs, sum(input_tokens) AS inputTokens,
  sum(cached_tokens) AS cachedTokens, sum(output_tokens) AS outputTokens, sum(reasoning_tokens) AS reasoningTokens,
  sum(cost_micros) AS costMicros, sum(rows_written) AS rowsWritten, sum(kv_reads) AS kvReads, sum(kv_writes) AS kvWrites`;

export class Ledger {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What all recorded steps cost together. */
  get spentMicros(): number {
    return this.#sql.exec<{ spent: number }>("SELECT spent_micros AS spent FROM totals").one().spent;
  }

  /** What the steps since the begin of that day (UTC) cost together: one row is read for each day and model. */
  spentSince(fromMs: number): number {
    const query = "SELECT coalesce(sum(cost_micros), 0) AS spent FROM usage_days WHERE day >= ?";
    return this.#sql.exec<{ spent: number }>(query, dayOf(fromMs)).one().spent;
  }

  /** Records steps, and adds them to the sums; those that are there already stay as they are. Returns what was added, in micro-dollars. The caller holds a transaction. */
  record(session: string, steps: readonly StepRecord[]): number {
    const added = steps.flatMap((step) => {
      const { own, others } = byModel(step);
      if (!this.#insert(session, own)) return [];
      for (const tries of others) this.#insertTries(session, tries);
      return [own, ...others];
    });
    const spent = added.reduce((sum, { costMicros }) => sum + costMicros, 0);
    if (spent !== 0) this.#sql.exec("UPDATE totals SET spent_micros = spent_micros + ?", spent);
    this.#addToDays(added);
    return spent;
  }

  /** Sums per group over the steps from `fromMs` up to `toMs`, of one model where it is named; the largest cost first. */
  sums(of: UsageQuery): UsageSum[] {
    const wholeDays = isDay(of.fromMs) && isDay(of.toMs);
    return (of.group === "day" || of.group === "model") && wholeDays ? this.#sumDays(of) : this.#sumSteps(of);
  }

  #sumDays({ group, fromMs, toMs, model }: UsageQuery): UsageSum[] {
    return this.#query(
      `SELECT ${group} AS key, sum(steps) AS steps, ${sums},
         cast(round(sum(first_event_ms) * 1.0 / sum(first_event_steps)) AS INTEGER) AS firstEventMs,
         cast(round(sum(duration_ms) * 1.0 / sum(duration_steps)) AS INTEGER) AS durationMs
       FROM usage_days WHERE day >= ?1 AND day < ?2 AND (?3 IS NULL OR model = ?3) GROUP BY 1 ORDER BY costMicros DESC, key`,
      [dayOf(fromMs), dayOf(toMs), model ?? null],
    );
  }

  #sumSteps({ group, fromMs, toMs, model, defaultAgent }: UsageQuery): UsageSum[] {
    const key = keys[group];
    return this.#query(
      `SELECT ${key} AS key, sum(steps) AS steps, ${sums},
         cast(round(avg(first_event_ms)) AS INTEGER) AS firstEventMs, cast(round(avg(duration_ms)) AS INTEGER) AS durationMs
       FROM (SELECT ${stepColumns}, 1 AS steps FROM steps UNION ALL ${triesAsSteps})
       WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR model = ?3) GROUP BY 1 ORDER BY costMicros DESC, key`,
      [fromMs, toMs, model ?? null, ...(group === "agent" ? [defaultAgent ?? unknown] : [])],
    );
  }

  #query(query: string, bindings: (string | number | null)[]): UsageSum[] {
    const rows = this.#sql.exec<Record<keyof UsageSum, number | string | null>>(query, ...bindings).toArray();
    return rows as unknown as UsageSum[];
  }

  /** False when the step is there already. */
  #insert(session: string, step: StepRecord): boolean {
    const inserted = this.#sql.exec(
      `INSERT OR IGNORE INTO steps (${stepColumns})
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1`,
      session,
      step.seq,
      step.atMs,
      step.model,
      Number(step.failed),
      step.retries,
      step.repairs,
      ...usedOf(step),
      step.firstEventMs,
      step.durationMs,
      step.rowsWritten,
      step.kvReads,
      step.kvWrites,
      step.agent ?? null,
      step.agentVersion ?? null,
    );
    return inserted.toArray().length > 0;
  }

  #insertTries(session: string, of: BookedStep): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO tries (session, seq, model, at, failed, retries, input_tokens, cached_tokens, output_tokens,
         reasoning_tokens, cost_micros, agent, agent_version)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      session,
      of.seq,
      of.model,
      of.atMs,
      Number(of.failed),
      of.retries,
      ...usedOf(of),
      of.agent ?? null,
      of.agentVersion ?? null,
    );
  }

  /** One row for each day and model, however many steps a turn had. */
  #addToDays(steps: readonly BookedStep[]): void {
    const days = new Map<string, [day: string, model: string, ...sums: number[]]>();
    for (const step of steps) {
      const [day, { model }] = [dayOf(step.atMs), step];
      const [, , ...before] = days.get(`${day} ${model}`) ?? [];
      days.set(`${day} ${model}`, [day, model, ...countsOf(step).map((count, at) => count + (before[at] ?? 0))]);
    }
    for (const values of days.values()) this.#sql.exec(addToDay, ...values);
  }
}

/** In the order of `dayColumns`. */
function countsOf(step: BookedStep): number[] {
  return [
    step.steps,
    Number(step.failed),
    step.retries,
    step.repairs,
    ...usedOf(step),
    Number(step.firstEventMs !== null),
    step.firstEventMs ?? 0,
    Number(step.durationMs !== null),
    step.durationMs ?? 0,
    step.rowsWritten,
    step.kvReads,
    step.kvWrites,
  ];
}

/** A step, or the tries of one at another model: then `steps` is 0. */
interface BookedStep extends StepRecord {
  steps: 0 | 1;
}

/** What a step was at each of its models. The session's sum is kept: what the others used is taken off the own row. */
function byModel(step: StepRecord): { own: BookedStep; others: BookedStep[] } {
  const own: BookedStep = { ...step, steps: 1 };
  const others = (step.others ?? []).map(({ tries, ...used }): BookedStep => {
    own.retries = Math.max(0, own.retries - tries);
    for (const name of usedFields) own[name] = Math.max(0, own[name] - used[name]);
    const none = { repairs: 0, firstEventMs: null, durationMs: null, rowsWritten: 0, kvReads: 0, kvWrites: 0 };
    const { seq, atMs, agent, agentVersion } = step;
    const ran = defined({ agent, agentVersion });
    return { seq, atMs, ...ran, ...used, failed: true, retries: tries - 1, ...none, steps: 0 };
  });
  return { own, others };
}

const usedFields = ["inputTokens", "cachedTokens", "outputTokens", "reasoningTokens", "costMicros"] as const;

/** In the order of the columns. */
function usedOf(step: Pick<StepRecord, (typeof usedFields)[number]>): number[] {
  return usedFields.map((name) => step[name]);
}

const stepColumns = `session, seq, at, model, failed, retries, repairs, input_tokens, cached_tokens, output_tokens,
  reasoning_tokens, cost_micros, first_event_ms, duration_ms, rows_written, kv_reads, kv_writes, agent, agent_version`;

/** In the order of `stepColumns`. */
const triesAsSteps = `SELECT session, seq, at, model, failed, retries, 0, input_tokens, cached_tokens, output_tokens,
  reasoning_tokens, cost_micros, NULL, NULL, 0, 0, 0, agent, agent_version, 0 FROM tries`;

const unknown = "unknown";

/** What steps are summed by. */
const keys: Record<UsageGroup, string> = {
  day: `coalesce(date(at / 1000, 'unixepoch'), '${unknown}')`,
  model: "model",
  session: "session",
  agent: "coalesce(agent, ?4)",
  version: `coalesce(agent_version, '${unknown}')`,
};

const dayColumns = `steps, failed, retries, repairs, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_micros,
  first_event_steps, first_event_ms, duration_steps, duration_ms, rows_written, kv_reads, kv_writes`;
const addToDay = `INSERT INTO usage_days (day, model, ${dayColumns})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, model) DO UPDATE SET ${dayColumns
    .split(/,\s+/)
    .map((name) => `${name} = ${name} + excluded.${name}`)
    .join(", ")}`;

/** Whether a day begins there, or nothing can be before or after it. */
function isDay(ms: number): boolean {
  return ms % dayMs === 0 || ms === Number.MAX_SAFE_INTEGER;
}

/** The day (UTC) as SQLite's `date` writes it; a time beyond all days sorts after all of them. */
function dayOf(ms: number): string {
  return ms > 8_640_000_000_000_000 ? "~" : new Date(ms).toISOString().slice(0, 10);
}

/** The calendar month (UTC) that a time is in: from `beginMs` up to `endMs`. */
export function monthOf(nowMs: number): { beginMs: number; endMs: number } {
  const now = new Date(nowMs);
  const begin = (months: number) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1);
  return { beginMs: begin(0), endMs: begin(1) };
}

type BudgetLimits = Pick<AccountLimits, "budgetMicros" | "budgetPeriod">;

/** Money that cannot be overspent: what a model call may cost at the worst is set aside before it, and what it did cost takes its place. All in micro-dollars. */
export class Budget {
  readonly #sql: SqlStorage;
  readonly #ledger: Ledger;
  /** Absent where the app's agents call no others. */
  readonly #shares: AccountShares | undefined;

  constructor(sql: SqlStorage, ledger: Ledger, shares?: AccountShares) {
    this.#sql = sql;
    this.#ledger = ledger;
    this.#shares = shares;
  }

  /**
   * Sets `micros` aside for a call of step `seq`, beside what is set aside for earlier calls of it. False, and nothing set
   * aside, when spent and set aside together would pass the account's budget, or the session's share of it.
   */
  reserve(call: { session: string; seq: number; micros: number }, limits: BudgetLimits, nowMs: number): boolean {
    const share = this.#shares?.allows(call.session, call.micros) ?? "account";
    if (share === "refused" || (share === "account" && call.micros > this.#leftMicros(limits, nowMs))) return false;
    this.#sql.exec(
      "INSERT INTO reservations (session, seq, micros) VALUES (?, ?, ?) ON CONFLICT (session, seq) DO UPDATE SET micros = micros + excluded.micros",
      call.session,
      call.seq,
      call.micros,
    );
    return true;
  }

  /** Sets a share aside for a session, one that is there already stays; false, and nothing set aside, where there is not so much. Or frees what the session `over` has not spent. */
  share(share: ShareToOpen | { over: string }, limits: BudgetLimits, nowMs: number): boolean {
    if (!("over" in share)) return this.#shares?.open(share, this.#leftMicros(limits, nowMs)) ?? false;
    this.#shares?.close(share.over, nowMs);
    return true;
  }

  #leftMicros(limits: BudgetLimits, nowMs: number): number {
    if (limits.budgetMicros === undefined) return Number.POSITIVE_INFINITY;
    return limits.budgetMicros - this.spentMicros(limits, nowMs) - this.reservedMicros;
  }

  /** What counts against the budget: what was spent in its period. */
  spentMicros({ budgetPeriod }: BudgetLimits, nowMs: number): number {
    return budgetPeriod === "month" ? this.#ledger.spentSince(monthOf(nowMs).beginMs) : this.#ledger.spentMicros;
  }

  /** Of what is set aside for a step only this is needed. */
  free(session: string, seq: number, costMicros: number): void {
    this.#sql.exec(
      "UPDATE reservations SET micros = min(micros, ?) WHERE session = ? AND seq = ?",
      costMicros,
      session,
      seq,
    );
  }

  /** Records what the steps did cost; what was set aside for them is free again. */
  settle(session: string, steps: readonly StepRecord[]): void {
    const spent = this.#ledger.record(session, steps);
    if (spent !== 0) this.#shares?.spent(session, spent);
    const [first, last] = [steps[0], steps.at(-1)];
    if (first === undefined || last === undefined) return;
    // Steps come in the order of `seq`: no step between the first and the last of these is still to come.
    this.#sql.exec("DELETE FROM reservations WHERE session = ? AND seq BETWEEN ? AND ?", session, first.seq, last.seq);
  }

  /** Nothing more will come of this session. */
  release(session: string, nowMs: number): void {
    this.#sql.exec("DELETE FROM reservations WHERE session = ?", session);
    this.#shares?.release(session, nowMs);
  }

  get reservedMicros(): number {
    const { sum } = this.#sql.exec<{ sum: number }>("SELECT coalesce(sum(micros), 0) AS sum FROM reservations").one();
    return sum + (this.#shares?.heldMicros ?? 0);
  }
}

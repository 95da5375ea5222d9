/** What each model call of the account used, took and cost: one row per step, written once however often it is reported. Sums are made when someone asks. */

/** A finished step as its session reports it; `seq` names it within the session. Times in ms, money in micro-dollars. */
export interface StepRecord {
  seq: number;
  atMs: number;
  model: string;
  /** Whether the step came to nothing. */
  failed: boolean;
  /** Tries before the one that stands. */
  retries: number;
  /** Things that had to be mended in the reply or in its calls' arguments. */
  repairs: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costMicros: number;
  firstEventMs: number | null;
  durationMs: number | null;
  /** Rows that the turn wrote, and what it asked of Workers KV, told with its last step; 0 with the others. */
  rowsWritten: number;
  kvReads: number;
  kvWrites: number;
}

export type UsageGroup = "day" | "model" | "session";

/** Sums over the steps of one group; `key` is the day (UTC), the model's id or the session's. Times are averages in ms. */
export interface UsageSum {
  key: string;
  steps: number;
  failures: number;
  retries: number;
  repairs: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costMicros: number;
  firstEventMs: number | null;
  durationMs: number | null;
  rowsWritten: number;
  kvReads: number;
  kvWrites: number;
}

const table = `CREATE TABLE IF NOT EXISTS steps (
  session TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  model TEXT NOT NULL,
  failed INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  repairs INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cost_micros INTEGER NOT NULL,
  first_event_ms INTEGER,
  duration_ms INTEGER,
  PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;`;

/** Came later: a ledger that was begun without them gets them. */
const laterColumns = ["rows_written", "kv_reads", "kv_writes"];

export interface UsageQuery {
  group: UsageGroup;
  fromMs: number;
  toMs: number;
  model?: string;
}

const groups: Record<UsageGroup, string> = {
  day: "coalesce(date(at / 1000, 'unixepoch'), 'unknown')",
  model: "model",
  session: "session",
};

export class Ledger {
  readonly #sql: SqlStorage;
  #spentMicros: number;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(table);
    const columns = new Set(
      sql
        .exec<{ name: string }>("PRAGMA table_info(steps)")
        .toArray()
        .map(({ name }) => name),
    );
    for (const name of laterColumns) {
      if (!columns.has(name)) sql.exec(`ALTER TABLE steps ADD COLUMN ${name} INTEGER NOT NULL DEFAULT 0`);
    }
    this.#spentMicros = sql.exec<{ sum: number }>("SELECT coalesce(sum(cost_micros), 0) AS sum FROM steps").one().sum;
  }

  /** What all recorded steps cost together. */
  get spentMicros(): number {
    return this.#spentMicros;
  }

  /** Records steps; those that are there already stay as they are. */
  record(session: string, steps: readonly StepRecord[]): void {
    for (const step of steps) {
      const inserted = this.#sql.exec(
        "INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING 1",
        session,
        step.seq,
        step.atMs,
        step.model,
        Number(step.failed),
        step.retries,
        step.repairs,
        step.inputTokens,
        step.cachedTokens,
        step.outputTokens,
        step.reasoningTokens,
        step.costMicros,
        step.firstEventMs,
        step.durationMs,
        step.rowsWritten,
        step.kvReads,
        step.kvWrites,
      );
      if (inserted.toArray().length > 0) this.#spentMicros += step.costMicros;
    }
  }

  /** Sums per group over the steps from `fromMs` up to `toMs`, of one model where it is named; the largest cost first. */
  sums(of: UsageQuery): UsageSum[] {
    return this.#sql
      .exec<Record<keyof UsageSum, number | string | null>>(
        `SELECT ${groups[of.group]} AS key, count(*) AS steps, sum(failed) AS failures, sum(retries) AS retries,
           sum(repairs) AS repairs, sum(input_tokens) AS inputTokens, sum(cached_tokens) AS cachedTokens,
           sum(output_tokens) AS outputTokens, sum(reasoning_tokens) AS reasoningTokens, sum(cost_micros) AS costMicros,
           cast(round(avg(first_event_ms)) AS INTEGER) AS firstEventMs, cast(round(avg(duration_ms)) AS INTEGER) AS durationMs,
           sum(rows_written) AS rowsWritten, sum(kv_reads) AS kvReads, sum(kv_writes) AS kvWrites
         FROM steps WHERE at >= ? AND at < ? AND (? IS NULL OR model = ?) GROUP BY 1 ORDER BY costMicros DESC, key`,
        of.fromMs,
        of.toMs,
        of.model ?? null,
        of.model ?? null,
      )
      .toArray() as unknown as UsageSum[];
  }
}

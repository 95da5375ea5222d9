/** What people think of the account's turns: one row a turn, the newest in place of the one before, and how they are counted by what ran. Holds no words of theirs. */
import type { ReportedFeedback } from "../observe/telemetry.ts";
import type { UsageGroup, UsageSum } from "./ledger.ts";

/** `average`: of the scores, from -1 to 1. */
export interface FeedbackSum {
  key: string;
  positive: number;
  negative: number;
  count: number;
  average: number;
}

type FeedbackRow = { at: number; score: number; agent: string; agent_version: string | null; model: string | null };

export class FeedbackList {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Returns what it takes the place of. The same again changes nothing. The caller holds a transaction. */
  put(session: string, given: ReportedFeedback): ReportedFeedback | undefined {
    const { turn, atMs, score, agent, version, model } = given;
    const query = "SELECT at, score, agent, agent_version, model FROM feedback WHERE session = ? AND turn = ?";
    const [row] = this.#sql.exec<FeedbackRow>(query, session, turn).toArray();
    this.#sql.exec(
      `INSERT INTO feedback (session, turn, at, score, agent, agent_version, model) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (session, turn) DO UPDATE SET at = excluded.at, score = excluded.score, agent = excluded.agent,
         agent_version = excluded.agent_version, model = excluded.model`,
      session,
      turn,
      atMs,
      score,
      agent,
      version ?? null,
      model,
    );
    if (row === undefined) return undefined;
    const ran = { agent: row.agent, ...(row.agent_version !== null && { version: row.agent_version }) };
    return { turn, atMs: row.at, score: row.score, ...ran, model: row.model };
  }

  /** By group, of what was given from `fromMs` up to `toMs`. */
  sums({
    group,
    fromMs,
    toMs,
    model,
  }: {
    group: UsageGroup;
    fromMs: number;
    toMs: number;
    model?: string;
  }): FeedbackSum[] {
    return this.#sql
      .exec<{ key: string; positive: number; negative: number; count: number; average: number }>(
        `SELECT ${keys[group]} AS key, sum(score > 0) AS positive, sum(score < 0) AS negative, count(*) AS count,
           avg(score) AS average
         FROM feedback WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR model = ?3) GROUP BY 1`,
        fromMs,
        toMs,
        model ?? null,
      )
      .toArray();
  }
}

/** Sums of the ledger, each with what people thought of its turns. */
export function withFeedback(sums: readonly UsageSum[], given: readonly FeedbackSum[]): UsageSum[] {
  const byKey = new Map(given.map(({ key, ...sum }) => [key, sum]));
  return sums.map((sum) => ({ ...sum, feedback: byKey.get(sum.key) ?? none }));
}

const none = { positive: 0, negative: 0, count: 0, average: null };

/** As the ledger names its groups. */
const keys: Record<UsageGroup, string> = {
  day: "coalesce(date(at / 1000, 'unixepoch'), 'unknown')",
  model: "coalesce(model, 'none')",
  session: "session",
  agent: "agent",
  version: "coalesce(agent_version, 'unknown')",
};

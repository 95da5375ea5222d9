/** The rows of an account's versions and rollouts. Versions never change; a rollout is one row, its keys and its decisions are one each. Decides nothing. */

import { type ListedTurn, TurnList } from "../../account/turn-list.ts";
import type { KeptVersion } from "../../agent/version-override.ts";
import type { Arm } from "../../rollout/plan.ts";
import { isRate, type Metric } from "../../rollout/plan.ts";
import type { RecordedDecision, RolloutRecord } from "../../rollout/report.ts";
import { assumedFacts, type BaselineFacts } from "../../rollout/smallest-harm.ts";

/** A rollout without its decisions, which are rows of their own. */
export type KeptRollout = Omit<RolloutRecord, "decisions">;

/** A key in a stage. `turns`: how many of it have ended on its arm. */
export interface KeptKey {
  arm: Arm;
  turns: number;
  /** Whether feedback of it was counted. */
  isRated: boolean;
}

/** A decision whose notices are still to be sent. */
export interface OwedDecision {
  rollout: string;
  n: number;
  decision: RecordedDecision;
}

type VersionRow = { id: string; agent: string; created_at: number; content: string; note: string | null };

export class RolloutStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** False when it is there already. */
  putVersion({ id, agent, createdAtMs, content, note }: KeptVersion): boolean {
    const query = `INSERT OR IGNORE INTO versions (agent, id, created_at, content, note) VALUES (?, ?, ?, ?, ?) RETURNING 1`;
    return this.#sql.exec(query, agent, id, createdAtMs, JSON.stringify(content), note ?? null).toArray().length > 0;
  }

  version(agent: string, id: string): KeptVersion | undefined {
    const query = "SELECT id, agent, created_at, content, note FROM versions WHERE agent = ? AND id = ?";
    return this.#sql.exec<VersionRow>(query, agent, id).toArray().map(versionOf)[0];
  }

  /** Newest first. */
  versions(agent: string, limit: number): KeptVersion[] {
    const query = `SELECT id, agent, created_at, content, note FROM versions WHERE agent = ?
      ORDER BY created_at DESC, id LIMIT ?`;
    return this.#sql.exec<VersionRow>(query, agent, limit).toArray().map(versionOf);
  }

  /** Makes or changes it. */
  put(rollout: KeptRollout): void {
    this.#sql.exec(
      `INSERT INTO rollouts (id, agent, created_at, data) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET data = excluded.data`,
      rollout.id,
      rollout.plan.agent,
      rollout.createdAtMs,
      JSON.stringify(rollout),
    );
  }

  /** Newest first, of one agent or of all. */
  rollouts(limit: number, agent?: string): KeptRollout[] {
    const query = `SELECT data FROM rollouts WHERE ?1 IS NULL OR agent = ?1 ORDER BY created_at DESC, id LIMIT ?2`;
    const rows = this.#sql.exec<{ data: string }>(query, agent ?? null, limit).toArray();
    return rows.map(({ data }) => JSON.parse(data) as KeptRollout);
  }

  rollout(id: string): KeptRollout | undefined {
    const rows = this.#sql.exec<{ data: string }>("SELECT data FROM rollouts WHERE id = ?", id).toArray();
    return rows.map(({ data }) => JSON.parse(data) as KeptRollout)[0];
  }

  /** What is known of a key in each stage that it came in, up to that one. */
  key(rollout: string, key: string, untilStage: number): (KeptKey & { stage: number })[] {
    // By the primary key, stage by stage: there are at most 20.
    const stages = Array.from({ length: untilStage + 1 }, (_, stage) => stage).join();
    const query = `SELECT stage, arm, turns, rated FROM rollout_keys WHERE rollout = ? AND stage IN (${stages}) AND key = ?`;
    type Row = { stage: number; arm: string; turns: number; rated: number };
    const rows = this.#sql.exec<Row>(query, rollout, key).toArray();
    return rows.map(({ stage, arm, turns, rated }) => ({ stage, arm: arm as Arm, turns, isRated: rated > 0 }));
  }

  hasKeys(rollout: string): boolean {
    return this.#sql.exec("SELECT 1 FROM rollout_keys WHERE rollout = ? LIMIT 1", rollout).toArray().length > 0;
  }

  /** Removes at most so many keys of a rollout. */
  removeKeys(rollout: string, most: number): void {
    const query = `DELETE FROM rollout_keys WHERE rollout = ?1 AND (stage, key) IN
      (SELECT stage, key FROM rollout_keys WHERE rollout = ?1 LIMIT ?2)`;
    this.#sql.exec(query, rollout, most);
  }

  putKey({ rollout, stage, key }: { rollout: string; stage: number; key: string }, kept: KeptKey): void {
    this.#sql.exec(
      `INSERT INTO rollout_keys (rollout, stage, key, arm, turns, rated) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (rollout, stage, key) DO UPDATE SET turns = excluded.turns, rated = excluded.rated`,
      rollout,
      stage,
      key,
      kept.arm,
      kept.turns,
      Number(kept.isRated),
    );
  }

  /** Records a decision, whose notices are to be sent. */
  addDecision(rollout: string, decision: RecordedDecision): void {
    this.#sql.exec(
      `INSERT INTO rollout_decisions (rollout, n, data, owed)
       SELECT ?1, 1 + coalesce(max(n), 0), ?2, 1 FROM rollout_decisions WHERE rollout = ?1`,
      rollout,
      JSON.stringify(decision),
    );
  }

  /** In the order in which they were made. */
  decisions(rollout: string): RecordedDecision[] {
    const query = "SELECT data FROM rollout_decisions WHERE rollout = ? ORDER BY n";
    const rows = this.#sql.exec<{ data: string }>(query, rollout).toArray();
    return rows.map(({ data }) => JSON.parse(data) as RecordedDecision);
  }

  owed(): OwedDecision[] {
    const query = "SELECT rollout, n, data FROM rollout_decisions WHERE owed = 1 ORDER BY rollout, n LIMIT 50";
    const rows = this.#sql.exec<{ rollout: string; n: number; data: string }>(query).toArray();
    return rows.map(({ rollout, n, data }) => ({ rollout, n, decision: JSON.parse(data) as RecordedDecision }));
  }

  wasSent({ rollout, n }: OwedDecision): void {
    this.#sql.exec("UPDATE rollout_decisions SET owed = 0 WHERE rollout = ? AND n = ?", rollout, n);
  }

  /** What the agent's newest turns say of its metrics. */
  turnFacts(agent: string, version: string | undefined): TurnFacts {
    const { turns } = new TurnList(this.#sql).list({ agent, version, limit: mostTurns });
    const average = (value: (turn: ListedTurn) => number) =>
      turns.length === 0 ? 0 : turns.reduce((sum, turn) => sum + value(turn), 0) / turns.length;
    const timed = turns.flatMap(({ firstEventMs }) => firstEventMs ?? []);
    const timedAverage = (power: number) =>
      timed.length === 0 ? 0 : timed.reduce((sum, ms) => sum + ms ** power, 0) / timed.length;
    const given = "SELECT count(*) AS rated, coalesce(avg(score < 0), 0) AS negative FROM feedback WHERE agent = ?";
    return {
      turns: turns.length,
      failed: average(({ reason }) => Number(ownFaults.has(reason))),
      toolErrors: average(({ toolErrors }) => Number(toolErrors > 0)),
      repairs: average(({ repairs }) => Number(repairs > 0)),
      cost: average(({ costMicros }) => costMicros),
      costSquared: average(({ costMicros }) => costMicros ** 2),
      timed: timed.length,
      first: timedAverage(1),
      firstSquared: timedAverage(2),
      ...this.#sql.exec<{ rated: number; negative: number }>(given, agent).one(),
    };
  }
}

/** Newest turns that figures are computed from. */
const mostTurns = 1_000;
/** Ends of turns that their version is to blame for. */
export const ownFaults: ReadonlySet<string> = new Set(["failed", "length", "step_limit"]);

/** Averages over an agent's newest turns, at most 1,000, and over its feedback. */
export type TurnFacts = Record<
  | "turns"
  | "failed"
  | "toolErrors"
  | "repairs"
  | "cost"
  | "costSquared"
  | "timed"
  | "first"
  | "firstSquared"
  | "rated"
  | "negative",
  number
>;

function versionOf({ id, agent, created_at, content, note }: VersionRow): KeptVersion {
  const parsed = JSON.parse(content) as KeptVersion["content"];
  return { id, agent, createdAtMs: created_at, content: parsed, ...(note !== null && { note }) };
}

/** Fewer turns say nothing reliable: then figures are assumed. */
const fewestTurns = 20;

/** An agent that had no turn yet will have data on all that turns have; feedback has to be there. */
export function hasData(metric: Metric, { turns, timed, cost, rated }: TurnFacts): boolean {
  if (metric === "negative_feedback") return rated > 0;
  if (turns < fewestTurns) return true;
  if (metric === "cost_micros") return cost > 0;
  return metric !== "first_event_ms" || timed > 0;
}

/** Facts of the baseline on the metric; assumed ones where it had too few turns. */
export function factsFor(metric: Metric, facts: TurnFacts): BaselineFacts & { isAssumed: boolean } {
  const assumed = { ...assumedFacts(metric), isAssumed: true };
  if (metric === "negative_feedback")
    return facts.rated < fewestTurns ? assumed : { mean: inRange(facts.negative), deviation: 0, isAssumed: false };
  if (facts.turns < fewestTurns) return assumed;
  if (isRate(metric)) {
    const rates = { failed_turns: facts.failed, tool_errors: facts.toolErrors, repairs: facts.repairs };
    return { mean: inRange(rates[metric]), deviation: 0, isAssumed: false };
  }
  const [mean, squared] =
    metric === "cost_micros" ? [facts.cost, facts.costSquared] : [facts.first, facts.firstSquared];
  if (mean <= 0) return assumed;
  return { mean, deviation: Math.sqrt(Math.max(0, squared - mean ** 2)), isAssumed: false };
}

/** A rate of exactly 0 or 1 is one that was not seen often enough. */
function inRange(rate: number): number {
  return Math.min(0.95, Math.max(0.001, rate));
}

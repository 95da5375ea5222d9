/** A rollout's job over the rows of an account, without a Worker: turns are reported to it as sessions report them, and it can be killed at any statement. */

import { migrateAccount } from "../../src/account/schema.ts";
import { TurnList } from "../../src/account/turn-list.ts";
import { resolveAgent } from "../../src/agent/agent.ts";
import { contentOf } from "../../src/agent/version.ts";
import type { Assignment, NewRollout } from "../../src/doors/rollouts/rollout-job.ts";
import { RolloutJob } from "../../src/doors/rollouts/rollout-job.ts";
import type { ReportedTurn } from "../../src/observe/telemetry.ts";
import { armOf, seedOf } from "../../src/rollout/assignment.ts";
import type { Arm } from "../../src/rollout/plan.ts";
import type { RolloutRecord } from "../../src/rollout/report.ts";
import { nodeStorage } from "../support/node-storage.ts";

export const rolloutOf = (of: Partial<NewRollout["plan"]> = {}, id = "ro_1"): NewRollout => ({
  ...{ id, diff: ["instructions: line 1 replaced by 1 line"], lostTokens: 0, lostMicros: 0 },
  plan: {
    ...{ agent: "support", candidate: "v_new", baseline: "v_old", key: "session", holdback: 0 },
    stages: [{ share: 0.5, minSessions: 1_000, holdSeconds: 0 }],
    guardrails: [{ metric: "failed_turns", worseBy: 0.05 }],
    ...of,
  },
});

export const storedVersion = (id: string) => ({
  ...{ id, agent: "support", createdAtMs: 1 },
  content: contentOf(resolveAgent("support", { instructions: id })),
});

class Killed extends Error {}

export class JobWorld {
  readonly storage = nodeStorage({
    beforeStatement: () => {
      if (--this.killAt <= 0) throw new Killed();
    },
  });
  readonly told: string[] = [];
  /** The statement, counted from now, at which the instance is killed. */
  killAt = Number.POSITIVE_INFINITY;
  kills = 0;
  notifyFails = false;
  job: RolloutJob;
  #turns: TurnList;
  #seq = 0;

  constructor() {
    migrateAccount(this.storage);
    this.#turns = new TurnList(this.storage.sql);
    this.job = this.#started();
  }

  #started(): RolloutJob {
    return new RolloutJob(
      { storage: this.storage, account: () => "default", isClosing: () => false },
      async ({ id, decision }) => {
        if (this.notifyFails) throw new Error("no one answers");
        if (!this.told.includes(`${id} ${decision.kind}`)) this.told.push(`${id} ${decision.kind}`);
      },
    );
  }

  /** Does it until it is done: after a kill a new instance goes on with the rows. */
  survive<T>(work: () => T): T {
    for (;;) {
      try {
        return work();
      } catch (error) {
        this.#restart(error);
      }
    }
  }

  async runAlarm(nowMs: number): Promise<void> {
    for (;;) {
      try {
        return await this.job.run(nowMs);
      } catch (error) {
        this.#restart(error);
      }
    }
  }

  #restart(error: unknown): void {
    if (!(error instanceof Killed)) throw error;
    this.kills++;
    this.killAt = Number.POSITIVE_INFINITY;
    this.job = this.#started();
  }

  ask<T>(method: string, ...args: unknown[]): T {
    return this.survive(() => this.job.ask(method, args)) as T;
  }

  record(id = "ro_1"): RolloutRecord {
    return this.ask("rollout", id);
  }

  /** The arm, and what a turn of that key is marked with now; absent once the rollout is over. */
  assigned(key: string) {
    const { rollout } = this.ask<Assignment>("assignment", "support");
    if (rollout === undefined) throw new Error("there is no rollout");
    const arm: Arm = armOf(key, { seed: seedOf(rollout.id), share: rollout.share });
    return {
      arm,
      version: rollout[arm],
      ...(!rollout.isOver && { mark: { id: rollout.id, arm, stage: rollout.stage, key, opens: true as const } }),
    };
  }

  /** A turn of that key ends; reported twice, as after a report whose answer was lost. */
  turn(key: string, of: Partial<ReportedTurn> | ((arm: Arm) => Partial<ReportedTurn>) = {}): void {
    const { arm, version, mark } = this.assigned(key);
    this.#seq++;
    const turn: ReportedTurn = {
      ...{ seq: this.#seq, turn: `turn_${this.#seq}`, endedAtMs: this.#seq, agent: "support", version, model: "m" },
      ...{ reason: "completed", steps: 1, costMicros: 1_000, ms: 900, firstEventMs: 500, toolErrors: 0, repairs: 0 },
      usage: { inputTokens: 10, cachedTokens: 64, outputTokens: 5, reasoningTokens: 0 },
      ...(mark && { rollout: mark }),
      ...(typeof of === "function" ? of(arm) : of),
    };
    this.report(turn);
    this.report(turn);
  }

  report(turn: ReportedTurn): void {
    this.survive(() =>
      this.storage.transactionSync(() => this.job.turnsEnded(this.#turns.record("s", [turn]) as ReportedTurn[])),
    );
  }

  feedback(key: string, score: number): void {
    const { version, mark } = this.assigned(key);
    const given = {
      turn: "turn_1",
      score,
      atMs: 1,
      agent: "support",
      version,
      model: "m",
      ...(mark && { rollout: mark }),
    };
    this.survive(() => this.storage.transactionSync(() => this.job.feedbackGiven(given)));
  }
}

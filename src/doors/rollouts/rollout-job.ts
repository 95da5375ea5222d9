/**
 * The rollouts of an account: counts ended turns into their evidence, has `rollout/decide.ts` decide, and records each decision in
 * the transaction of the turn that led to it. So a turn counts once and a decision is made once, whatever is cut off.
 * A decision whose notices are still to be sent is marked in its row. Only an app that lists `rollouts()` carries this.
 */
import type { KeptVersion } from "../../agent/version-override.ts";
import type { RolloutMark } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import type { AccountJob, AccountJobHost, ReportedFeedback, ReportedTurn } from "../../observe/telemetry.ts";
import { chanceOf } from "../../rollout/assignment.ts";
import {
  type Action,
  decide,
  decisionOf,
  isFinal,
  nextLookMs,
  progressAfter,
  type RolloutDecision,
} from "../../rollout/decide.ts";
import { type CountedTurn, newGuard, nextStage, withFeedback, withTurn } from "../../rollout/guard.ts";
import { type Arm, candidateShare, type Guardrail, type RolloutPlan, splitAlpha } from "../../rollout/plan.ts";
import { type NamedVerdict, type RecordedDecision, type RolloutRecord, shareNow } from "../../rollout/report.ts";
import { smallestHarms } from "../../rollout/smallest-harm.ts";
import {
  factsFor,
  hasData,
  type KeptRollout,
  type OwedDecision,
  ownFaults,
  RolloutStore,
  type TurnFacts,
} from "./rollout-store.ts";

/** What sessions use when a turn begins. */
export interface Assignment {
  /** The newest rollout of the agent; absent when there was none. */
  rollout?: {
    id: string;
    key: RolloutPlan["key"];
    stage: number;
    /** Part of the keys that the candidate answers now. */
    share: number;
    candidate: string;
    baseline: string;
    /** Nothing is decided any more: turns are not marked. */
    isOver: boolean;
  };
}

/** A rollout that is to begin. Its versions are known to exist. */
export interface NewRollout {
  id: string;
  plan: Omit<RolloutPlan, "guardrails"> & {
    guardrails: readonly (Omit<Guardrail, "alpha"> & { alpha?: number | undefined })[];
  };
  diff: readonly string[];
  lostTokens: number;
  lostMicros: number | null;
  verdict?: NamedVerdict | undefined;
}

/** Notifies people of a decision, once for each `id` however often it is called. */
export type NotifyDecision = (of: { id: string; rollout: KeptRollout; decision: RecordedDecision }) => Promise<void>;

export class RolloutJob implements AccountJob {
  readonly name = "rollouts";
  readonly #host: AccountJobHost;
  readonly #notify: NotifyDecision;
  readonly #store: RolloutStore;
  /** Rollouts that are not over, by id; read when they are needed first. */
  #open: Map<string, KeptRollout> | undefined;
  /** Whether a decision is owed; unknown after a start. */
  #owes: boolean | undefined;
  /** Rollouts that are over and whose keys are still stored; unknown after a start. */
  #leftKeys: Set<string> | undefined;
  #retryAtMs = 0;
  #ranAtMs = 0;

  constructor(host: AccountJobHost, notify: NotifyDecision) {
    this.#host = host;
    this.#notify = notify;
    this.#store = new RolloutStore(host.storage.sql);
  }

  forget(): void {
    this.#open = undefined;
    this.#owes = undefined;
    this.#leftKeys = undefined;
  }

  turnsEnded(turns: readonly ReportedTurn[]): void {
    for (const turn of turns) if (turn.rollout !== undefined) this.#count(turn, turn.rollout);
  }

  feedbackGiven({ rollout: mark, score }: ReportedFeedback): void {
    const rollout = mark && this.#opened.get(mark.id);
    if (mark === undefined || rollout === undefined) return;
    const { now, earlier } = this.#keyOf(mark);
    if (now.isRated || now.arm !== mark.arm) return;
    this.#store.putKey({ rollout: mark.id, stage: mark.stage, key: mark.key }, { ...now, isRated: true });
    const chance = chanceIn(
      rollout.plan,
      mark.stage,
      earlier.filter(({ isRated }) => isRated),
    );
    const given = { arm: mark.arm, stage: mark.stage, isNegative: score < 0, chance };
    this.#decideOn({ ...rollout, guard: withFeedback(rollout.guard, rollout.plan, given) }, Date.now());
  }

  dueMs(): number | undefined {
    this.#owes ??= this.#store.owed().length > 0;
    // Not twice within a second, whatever is due.
    const looks = [...this.#opened.values()].flatMap((rollout) => {
      const lookMs = nextLookMs(rollout);
      return lookMs === undefined ? [] : Math.max(lookMs, this.#ranAtMs + 1_000);
    });
    const all = [...looks, ...(this.#owes ? [this.#retryAtMs] : []), ...(this.#withKeys.size > 0 ? [0] : [])];
    return all.length === 0 ? undefined : Math.min(...all);
  }

  async run(nowMs: number): Promise<void> {
    this.#ranAtMs = nowMs;
    this.#transaction(() => {
      for (const rollout of [...this.#opened.values()])
        if ((nextLookMs(rollout) ?? Number.POSITIVE_INFINITY) <= nowMs) this.#decideOn(rollout, nowMs);
    });
    this.#removeKeys();
    if (this.#retryAtMs > nowMs) return;
    for (const owed of this.#store.owed()) {
      if (await this.#isSent(owed)) this.#store.wasSent(owed);
      else this.#retryAtMs = nowMs + retryMs;
    }
    this.#owes = undefined;
  }

  /** Some of the keys of a rollout that is over: all at once could hold the object for long. */
  #removeKeys(): void {
    const [id] = this.#withKeys;
    if (id === undefined) return;
    this.#store.removeKeys(id, mostKeysRemoved);
    if (!this.#store.hasKeys(id)) this.#withKeys.delete(id);
  }

  async #isSent({ rollout: id, n, decision }: OwedDecision): Promise<boolean> {
    const rollout = this.#store.rollout(id);
    try {
      if (rollout !== undefined) await this.#notify({ id: `${id} ${n}`, rollout, decision });
      return true;
    } catch (error) {
      console.error("a decision of a rollout could not be sent; it is tried again", error);
      return false;
    }
  }

  ask(method: string, args: readonly unknown[]): unknown {
    const run = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (run === undefined) throw new AppError("not_found", `Rollouts have no "${method}".`);
    return run(...(args as never[]));
  }

  /** What doors and sessions ask; `RolloutDesk` says it in types. */
  readonly #methods: Readonly<Record<string, (...args: never[]) => unknown>> = {
    assignment: (agent: string) => this.#assignment(agent),
    version: (agent: string, id: string) => this.#store.version(agent, id) ?? null,
    versions: (agent: string) => this.#store.versions(agent, mostListed),
    putVersion: (version: KeptVersion) => this.#transaction(() => this.#store.putVersion(version)),
    create: (of: NewRollout) => this.#transaction(() => this.#create(of)),
    preview: (of: NewRollout) => ({ ...this.#planned(of), decisions: [] }),
    rollouts: () => this.#store.rollouts(mostListed),
    rollout: (id: string) => this.#record(id),
    act: (id: string, action: Action, by: { name: string; call: string }) =>
      this.#transaction(() => this.#act(id, action, by)),
  };

  #transaction<T>(work: () => T): T {
    try {
      return this.#host.storage.transactionSync(work);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  #assignment(agent: string): Assignment {
    const [newest] = this.#store.rollouts(1, agent);
    if (newest === undefined) return {};
    const { id, plan, progress } = newest;
    const { key, candidate, baseline } = plan;
    const isOver = isFinal(progress.state);
    return {
      rollout: { id, key, stage: progress.stage, share: shareNow(newest), candidate, baseline, isOver },
    };
  }

  #create({ id, plan, ...of }: NewRollout): RolloutRecord {
    const known = this.#store.rollout(id);
    if (known !== undefined) return { ...known, decisions: this.#store.decisions(id) };
    const rollout = this.#planned({ ...of, id, plan });
    this.#keep(rollout);
    return { ...rollout, decisions: [] };
  }

  /** The rollout as it would begin now. Nothing is kept. */
  #planned({ id, plan, ...of }: NewRollout): KeptRollout {
    const busy = [...this.#opened.values()].find((rollout) => rollout.plan.agent === plan.agent);
    if (busy !== undefined) {
      const detail = `agent: the rollout ${busy.id} of "${plan.agent}" is ${busy.progress.state}. Promote it or roll it back first.`;
      throw new AppError("conflict", detail, { field: "agent" });
    }
    const whole: RolloutPlan = { ...plan, guardrails: splitAlpha(plan.guardrails) };
    mustHaveData(whole, this.#store.turnFacts(plan.agent, undefined));
    return begun({ ...of, id, plan: whole }, this.#store.turnFacts(plan.agent, plan.baseline), Date.now());
  }

  #record(id: string): RolloutRecord {
    const rollout = this.#store.rollout(id);
    if (rollout === undefined) throw new AppError("not_found", `There is no rollout "${id.slice(0, 100)}".`);
    return { ...rollout, decisions: this.#store.decisions(id) };
  }

  /** `by.call` names the call: the same again changes nothing. */
  #act(id: string, action: Action, by: { name: string; call: string }): RolloutRecord {
    const record = this.#record(id);
    if (record.decisions.some(({ call }) => call === by.call)) return record;
    const { decisions: _, ...rollout } = record;
    const { agent } = rollout.plan;
    const decision = decisionOf(action, rollout.progress, by.name);
    const isNewest = this.#store.rollouts(1, agent)[0]?.id === id;
    if (decision === undefined || !isNewest) {
      const why = isNewest ? `it is ${rollout.progress.state}` : "a newer rollout of its agent has begun";
      throw new AppError("conflict", `The rollout ${id} cannot be changed by ${action}: ${why}.`);
    }
    this.#decideOn(this.#decided(rollout, { ...decision, call: by.call }, Date.now()), Date.now());
    return this.#record(id);
  }

  #count(turn: ReportedTurn, mark: RolloutMark): void {
    const rollout = this.#opened.get(mark.id);
    if (rollout === undefined || rollout.plan.agent !== turn.agent) return;
    const { plan } = rollout;
    const nowMs = Date.now();
    if (turn.version !== plan[mark.arm]) {
      this.#decideOn(this.#missing(rollout, turn, mark, nowMs), nowMs);
      return;
    }
    const { now, earlier } = this.#keyOf(mark);
    if (now.arm !== mark.arm) return;
    const ordinal = now.turns + 1;
    this.#store.putKey({ rollout: mark.id, stage: mark.stage, key: mark.key }, { ...now, turns: ordinal });
    const chance = chanceIn(
      plan,
      mark.stage,
      earlier.filter(({ turns }) => turns >= ordinal),
    );
    const guard = withTurn(rollout.guard, plan, { ...counted(turn, mark), ordinal, chance });
    const isAlive = mark.arm === "candidate" && mark.stage === rollout.progress.stage;
    const progress = isAlive ? { ...rollout.progress, lastKeyAtMs: nowMs } : rollout.progress;
    this.#decideOn({ ...rollout, guard, progress }, nowMs);
  }

  /** What is known of a turn's key in its stage, and in the stages before. */
  #keyOf({ id, stage, key, arm }: RolloutMark) {
    const known = this.#store.key(id, key, stage);
    const now = known.find((each) => each.stage === stage) ?? { arm, turns: 0, isRated: false };
    return { now, earlier: known.filter((each) => each.stage < stage) };
  }

  /** The code has changed under the rollout, so its arms are not what they were: a person decides. */
  #missing(rollout: KeptRollout, { version = "" }: ReportedTurn, { arm }: RolloutMark, nowMs: number): KeptRollout {
    const { state, waived } = rollout.progress;
    if (state !== "running" || waived.includes("missing_version")) return rollout;
    const reason = `A turn of the ${arm} ran with ${version} in place of ${rollout.plan[arm]}: the code of the agent has changed.`;
    return this.#decided(rollout, { kind: "hold", hold: "missing_version", reason }, nowMs);
  }

  /** Everything that is to be decided now. Runs in the caller's transaction. */
  #decideOn(rollout: KeptRollout, nowMs: number): void {
    let current = rollout;
    // One decision may lead to the next; more than a few in a row would be a fault of ours.
    for (let count = 0; count < 10; count++) {
      const decision = decide({ ...current, nowMs });
      if (decision === undefined) break;
      current = this.#decided(current, decision, nowMs);
    }
    this.#keep(current);
  }

  #decided(rollout: KeptRollout, decision: RolloutDecision, nowMs: number): KeptRollout {
    const { progress, guard } = rollout;
    this.#store.addDecision(rollout.id, { ...decision, atMs: nowMs, stage: progress.stage });
    this.#owes = true;
    const isNext = decision.kind === "advance";
    return {
      ...rollout,
      progress: progressAfter(progress, decision, nowMs),
      guard: isNext ? nextStage(guard, rollout.plan) : guard,
    };
  }

  #keep(rollout: KeptRollout): void {
    this.#store.put(rollout);
    if (!isFinal(rollout.progress.state)) return void this.#opened.set(rollout.id, rollout);
    this.#opened.delete(rollout.id);
    if (this.#store.hasKeys(rollout.id)) this.#withKeys.add(rollout.id);
  }

  get #withKeys(): Set<string> {
    this.#leftKeys ??= new Set(
      this.#store
        .rollouts(mostListed)
        .filter(({ id, progress }) => isFinal(progress.state) && this.#store.hasKeys(id))
        .map(({ id }) => id),
    );
    return this.#leftKeys;
  }

  get #opened(): Map<string, KeptRollout> {
    this.#open ??= new Map(
      this.#store
        .rollouts(mostListed)
        .filter(({ progress }) => !isFinal(progress.state))
        .map((rollout) => [rollout.id, rollout]),
    );
    return this.#open;
  }
}

/** Throws for a guardrail on a metric that nothing is known of. */
function mustHaveData({ agent, guardrails }: RolloutPlan, facts: TurnFacts): void {
  for (const [place, { metric }] of guardrails.entries()) {
    if (hasData(metric, facts)) continue;
    const field = `guardrails[${place}].metric`;
    const detail = `${field}: there is no data on ${metric} for the agent "${agent}". ${noDataHint[metric] ?? ""}`;
    throw new AppError("invalid_request", detail.trim(), { field });
  }
}

/** A rollout in its first stage. `facts`: of the baseline. */
function begun(of: Omit<NewRollout, "plan"> & { plan: RolloutPlan }, facts: TurnFacts, nowMs: number): KeptRollout {
  const { plan } = of;
  const known = plan.guardrails.map((guardrail) => ({ guardrail, ...factsFor(guardrail.metric, facts) }));
  return {
    ...of,
    createdAtMs: nowMs,
    progress: { state: "running", stage: 0, stageStartedAtMs: nowMs, lastKeyAtMs: null, hold: null, waived: [] },
    guard: newGuard(plan),
    smallestHarms: known.map(({ guardrail, ...baseline }) => smallestHarms(plan, guardrail, baseline)),
    assumed: known.map(({ isAssumed }) => isAssumed),
  };
}

const mostListed = 200;
/** Rows that are removed in one run of the alarm: some ms. */
const mostKeysRemoved = 5_000;
/** How long after a failure notices of decisions are sent again. */
const retryMs = 30_000;

const noDataHint: Partial<Record<Guardrail["metric"], string>> = {
  negative_feedback: "Send feedback on its turns first, or leave the guardrail out.",
  cost_micros:
    "The price of its models is not known, or is 0: add `prices` to their entries, or leave the guardrail out.",
};

function chanceIn(plan: RolloutPlan, stage: number, earlier: readonly { arm: Arm; stage: number }[]): number {
  const before = earlier.map((each) => ({ arm: each.arm, share: candidateShare(plan, each.stage) }));
  return chanceOf(candidateShare(plan, stage), before);
}

/** Where the version's own model fails and another one answers, the version failed. */
function counted(turn: ReportedTurn, { arm, stage, opens }: RolloutMark): Omit<CountedTurn, "ordinal" | "chance"> {
  const { reason, toolErrors, repairs, costMicros, firstEventMs, usage, isRescued } = turn;
  const isFailed = ownFaults.has(reason) || isRescued === true;
  const isOther = !isFailed && reason !== "completed";
  return {
    ...{ arm, stage, opens: opens === true, toolErrors, repairs, costMicros, firstEventMs },
    failed: isOther ? null : isFailed,
    cachedTokens: usage.cachedTokens,
  };
}

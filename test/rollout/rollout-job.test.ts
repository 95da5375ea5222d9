import { describe, expect, it } from "vitest";
import { FeedbackList } from "../../src/account/feedback-list.ts";
import { migrateAccount } from "../../src/account/schema.ts";
import type { Assignment } from "../../src/doors/rollouts/rollout-job.ts";
import { rollouts } from "../../src/doors/rollouts/rollouts.ts";
import type { Notice } from "../../src/observe/telemetry.ts";
import type { RolloutRecord } from "../../src/rollout/report.ts";
import { nodeStorage } from "../support/node-storage.ts";
import { randomOf } from "../support/random.ts";
import { JobWorld, rolloutOf, storedVersion } from "./job-world.ts";

const seed = Number(process.env.SEED ?? 22);

/** What does not depend on when it was done. */
const timeless = ({ progress: { stage, state, hold }, guard, decisions }: RolloutRecord) => ({
  ...{ stage, state, hold, guard },
  decisions: decisions.map(({ kind, reason, stage }) => ({ kind, reason, stage })),
});

describe("an account's versions", () => {
  it("[VERSION-3] a version is kept as it was made first, and is listed newest first, per agent", () => {
    const world = new JobWorld();
    expect(world.ask("putVersion", storedVersion("v_1"))).toBe(true);
    expect(world.ask("putVersion", { ...storedVersion("v_1"), createdAtMs: 9, note: "again" })).toBe(false);
    world.ask("putVersion", { ...storedVersion("v_2"), createdAtMs: 5 });
    world.ask("putVersion", { ...storedVersion("v_1"), agent: "sales" });
    expect(world.ask("version", "support", "v_1")).toEqual(storedVersion("v_1"));
    expect(world.ask("version", "support", "v_9")).toBeNull();
    expect(world.ask<{ id: string }[]>("versions", "support").map(({ id }) => id)).toEqual(["v_2", "v_1"]);
  });
});

describe("an account's rollouts", () => {
  it("[ROLLOUT-11] a rollout is begun once for its id, and no second one of an agent while it is not over", () => {
    const world = new JobWorld();
    const made = world.ask<RolloutRecord>("create", rolloutOf());
    expect(world.ask("create", rolloutOf())).toEqual(made);
    expect(() => world.ask("create", rolloutOf({}, "ro_2"))).toThrow(/agent: the rollout ro_1 of "support" is running/);
    world.ask("create", rolloutOf({ agent: "sales" }, "ro_3"));
    world.ask("act", "ro_1", "rollback", { name: "a person", call: "1" });
    world.ask("create", rolloutOf({}, "ro_4"));
    expect(
      world
        .ask<RolloutRecord[]>("rollouts")
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(["ro_1", "ro_3", "ro_4"]);
  });

  it("[ROLLOUT-12] a guardrail on a metric without data is refused by its name, and nothing is begun", () => {
    const world = new JobWorld();
    const on = (metric: "negative_feedback" | "cost_micros" | "first_event_ms") =>
      rolloutOf({
        guardrails: [
          { metric: "failed_turns", worseBy: 0.05 },
          { metric, worseBy: 0.3 },
        ],
      });
    expect(() => world.ask("create", on("negative_feedback"))).toThrow(
      /guardrails\[1\].metric: there is no data on negative_feedback/,
    );
    const plain = { costMicros: 0, firstEventMs: null, agent: "support", version: "v_old", rollout: undefined };
    for (let n = 0; n < 20; n++)
      world.report({
        ...plain,
        seq: n + 1,
        turn: `t${n}`,
        endedAtMs: n,
        model: "m",
        reason: "completed",
        steps: 1,
        ms: 1,
        toolErrors: 0,
        repairs: 0,
        usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 },
      } as never);
    expect(() => world.ask("create", on("cost_micros"))).toThrow(/no data on cost_micros/);
    expect(() => world.ask("create", on("first_event_ms"))).toThrow(/no data on first_event_ms/);
    expect(world.ask("rollouts")).toEqual([]);
  });

  it("[ROLLOUT-13] each stage's smallest harm is computed from what the baseline's turns were, or says that it is assumed", () => {
    const world = new JobWorld();
    const assumed = world.ask<RolloutRecord>("create", rolloutOf());
    expect(assumed.assumed).toEqual([true]);
    expect(assumed.smallestHarms[0]?.[0]).toBeGreaterThan(0.01);
    world.ask("act", "ro_1", "promote", { name: "a person", call: "1" });
    for (let n = 0; n < 40; n++) world.turn(`k${n}`, { reason: n % 4 === 0 ? "failed" : "completed" });
    const seen = world.ask<RolloutRecord>("create", rolloutOf({ candidate: "v_3", baseline: "v_new" }, "ro_2"));
    expect(seen.assumed).toEqual([false]);
    expect(seen.smallestHarms[0]?.[0]).toBeGreaterThan(assumed.smallestHarms[0]?.[0] ?? 1);
  });

  it("[ROLLOUT-14] turns count once for their key, with what they used; a version whose model failed and another one answered has failed", () => {
    const world = new JobWorld();
    world.ask("create", rolloutOf());
    for (let n = 0; n < 30; n++) world.turn(`k${n % 10}`, (arm) => (arm === "candidate" ? { isRescued: true } : {}));
    const [counts] = world.record().guard.stages;
    const { baseline, candidate } = counts ?? {};
    expect((baseline?.turns ?? 0) + (candidate?.turns ?? 0)).toBe(30);
    expect((baseline?.keys ?? 0) + (candidate?.keys ?? 0)).toBe(10);
    expect(candidate?.failedTurns).toBe(candidate?.turns);
    expect(baseline?.failedTurns).toBe(0);
    for (const reason of ["cancelled", "interrupted", "budget_exhausted"] as const) world.turn("k0", { reason });
    const after = world.record().guard.stages[0];
    expect((after?.baseline.failedTurns ?? 0) + (after?.candidate.failedTurns ?? 0)).toBe(candidate?.failedTurns);
  });

  it("[ROLLOUT-15] a bad candidate is rolled back with the turn that proves it, every key has the baseline from then on, and people are told once", async () => {
    const world = new JobWorld();
    world.ask("create", rolloutOf());
    let turns = 0;
    while (world.record().progress.state === "running" && turns < 500)
      world.turn(`k${turns++}`, (arm) => (arm === "candidate" && turns % 3 === 0 ? { reason: "failed" } : {}));
    const { progress, decisions } = world.record();
    expect(progress.state).toBe("rolled_back");
    expect(decisions).toMatchObject([{ kind: "roll_back", finding: { metric: "failed_turns" } }]);
    expect(world.assigned("k0")).toMatchObject({ version: "v_old" });
    expect(Array.from({ length: 50 }, (_, n) => world.assigned(`k${n}`).version)).not.toContain("v_new");
    world.notifyFails = true;
    await world.runAlarm(1_000);
    expect(world.told).toEqual([]);
    expect(world.job.dueMs()).toBe(31_000);
    world.notifyFails = false;
    await world.runAlarm(31_000);
    await world.runAlarm(62_000);
    expect(world.told).toEqual(["ro_1 1 roll_back"]);
    expect(world.job.dueMs()).toBeUndefined();
  });

  it.each([
    ["those that it names", [{ channel: "slack", room: "C1" }], ["slack"]],
    ["without any, those of the alerts about the agent, each once", [], ["discord", "callback"]],
  ])("[ROLLOUT-15] a notice goes to the addresses of the app's line: %s", async (_, notify, channels) => {
    const storage = nodeStorage();
    migrateAccount(storage);
    const sent: Notice[] = [];
    const alerted = (agent: string) =>
      agent === "support" ? [{ channel: "discord" }, { channel: "callback" }, { channel: "discord" }] : [];
    const send = async (notice: Notice) => void sent.push(notice);
    const job = rollouts({ notify }).feature.job(
      { storage, account: () => "default", isClosing: () => false },
      send,
      alerted,
    );
    job.ask?.("create", [rolloutOf()]);
    job.ask?.("act", ["ro_1", "pause", { name: "a person", call: "1" }]);
    await job.run(Date.now());
    expect(sent.map(({ to }) => to.channel)).toEqual(channels);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length);
    expect(sent[0]?.text).toContain("Paused: support, v_old -> v_new (rollout ro_1). By a person.");
  });

  it("[ROLLOUT-16] a turn that ran with another version than its arm's, after a deploy, is not counted: the rollout holds", () => {
    const world = new JobWorld();
    world.ask("create", rolloutOf());
    world.turn("k1");
    world.turn("k2", { version: "v_hotfix" });
    world.turn("k3", { version: "v_hotfix" });
    const { progress, guard, decisions } = world.record();
    expect(progress).toMatchObject({ state: "holding", hold: "missing_version" });
    expect(decisions).toHaveLength(1);
    expect((guard.stages[0]?.baseline.turns ?? 0) + (guard.stages[0]?.candidate.turns ?? 0)).toBe(1);
  });

  it("[ROLLOUT-17] promoted, all keys but those held back have the candidate; rolled back again, none has", () => {
    const world = new JobWorld();
    world.ask("create", rolloutOf({ holdback: 0.2 }));
    world.ask("act", "ro_1", "promote", { name: "a person", call: "1" });
    const keys = Array.from({ length: 500 }, (_, n) => `k${n}`);
    const candidates = keys.filter((key) => world.assigned(key).version === "v_new").length;
    expect(Math.abs(candidates - 400)).toBeLessThan(40);
    expect(world.assigned("k1").mark).toBeUndefined();
    world.ask("act", "ro_1", "rollback", { name: "a person", call: "2" });
    expect(keys.some((key) => world.assigned(key).version === "v_new")).toBe(false);
  });

  it("[ROLLOUT-8] the same call of a person acts once, and what the state does not allow is a conflict", () => {
    const world = new JobWorld();
    world.ask("create", rolloutOf());
    const by = { name: "a person", call: "pause 1" };
    expect(world.ask<RolloutRecord>("act", "ro_1", "pause", by).progress.state).toBe("paused");
    expect(world.ask<RolloutRecord>("act", "ro_1", "pause", by).decisions).toHaveLength(1);
    expect(() => world.ask("act", "ro_1", "pause", { ...by, call: "pause 2" })).toThrow(/it is paused/);
    expect(() => world.ask("act", "ro_9", "pause", by)).toThrow(/There is no rollout "ro_9"/);
    expect(() => world.ask("drop", "ro_1")).toThrow(/no "drop"/);
  });

  it("[ROLLOUT-18] a stage's time and a day without traffic are decided by the alarm", async () => {
    const world = new JobWorld();
    const made = world.ask<RolloutRecord>(
      "create",
      rolloutOf({
        stages: [
          { share: 0.5, minSessions: 1, holdSeconds: 3_600 },
          { share: 1, minSessions: 1, holdSeconds: 0 },
        ],
      }),
    );
    const begun = made.createdAtMs;
    expect(world.job.dueMs()).toBe(begun + 86_400_000);
    for (let n = 0; world.record().guard.stages[0]?.candidate.keys === 0; n++) world.turn(`k${n}`);
    expect(world.job.dueMs()).toBe(begun + 3_600_000);
    await world.runAlarm(begun + 3_599_000);
    expect(world.record().progress.stage).toBe(0);
    await world.runAlarm(begun + 3_600_000);
    expect(world.record().progress).toMatchObject({ state: "running", stage: 1 });
    await world.runAlarm(begun + 3_600_000 + 86_400_000);
    expect(world.record().progress).toMatchObject({ state: "holding", hold: "no_traffic" });
    expect(world.told).toEqual(["ro_1 1 advance", "ro_1 2 hold"]);
  });

  it("[ROLLOUT-19] feedback counts once for each key and stage, on the arm that its turn had", () => {
    const world = new JobWorld();
    new FeedbackList(world.storage.sql).put("s", { turn: "t", atMs: 1, score: 1, agent: "support", model: "m" });
    const guardrails = [
      { metric: "failed_turns" as const, worseBy: 0.05 },
      { metric: "negative_feedback" as const, worseBy: 0.2 },
    ];
    world.ask("create", rolloutOf({ guardrails }));
    for (let n = 0; n < 20; n++) for (const score of [-1, -1, 1]) world.feedback(`k${n}`, score);
    const [counts] = world.record().guard.stages;
    expect((counts?.baseline.rated ?? 0) + (counts?.candidate.rated ?? 0)).toBe(20);
    expect((counts?.baseline.negative ?? 0) + (counts?.candidate.negative ?? 0)).toBe(20);
  });

  it("[GUARD-15] a key that was on the candidate is no evidence a second time in the next stage, one that has moved is", () => {
    const world = new JobWorld();
    const stages = [0.3, 0.6].map((share) => ({ share, minSessions: 5, holdSeconds: 0 }));
    world.ask("create", rolloutOf({ stages }));
    let n = 0;
    for (; world.record().progress.stage === 0; n++) world.turn(`k${n}`);
    const before = world.record().guard;
    const arms = Array.from({ length: n }, (_, key) => world.assigned(`k${key}`).arm);
    for (let key = 0; key < n; key++) world.turn(`k${key}`);
    const { guard } = world.record();
    const compared = (of: typeof guard) => {
      const [test] = of.tests[0] ?? [];
      return test?.kind === "rate" ? [test.rate.baseline.units, test.rate.candidate.units] : [];
    };
    const [baseline = 0, candidate = 0] = compared(before);
    expect(candidate).toBe(5);
    const now = {
      baseline: arms.filter((arm) => arm === "baseline").length,
      candidate: arms.filter((arm) => arm === "candidate").length,
    };
    expect(compared(guard)).toEqual([baseline + now.baseline, candidate + now.candidate - 5]);
    expect(guard.stages[1]).toMatchObject({ baseline: { keys: now.baseline }, candidate: { keys: now.candidate } });
  });

  it("[ROLLOUT-20] killed 200 times at any statement, it decides the same, and counts no turn twice and loses none", async () => {
    console.log(`kills: SEED=${seed}`);
    const stages = [
      { share: 0.2, minSessions: 10, holdSeconds: 0 },
      { share: 0.5, minSessions: 60, holdSeconds: 0 },
      { share: 0.5, minSessions: 500, holdSeconds: 0 },
    ];
    const run = async (kills: number) => {
      const random = randomOf(seed);
      const world = new JobWorld();
      world.ask("create", rolloutOf({ stages }));
      const outcome = randomOf(seed + 1);
      for (let n = 0; n < 330; n++) {
        if (world.kills < kills) world.killAt = 1 + Math.floor(random() * 9);
        const isBad = outcome() < 0.04;
        world.turn(`k${n}`, {
          reason: isBad ? "failed" : "completed",
          costMicros: Math.round(500 + 1_000 * outcome()),
        });
        if (n % 50 === 0) await world.runAlarm(Date.now());
      }
      world.killAt = Number.POSITIVE_INFINITY;
      await world.runAlarm(Date.now());
      return { world, record: world.record() };
    };
    const whole = await run(0);
    const killed = await run(200);
    expect(killed.world.kills).toBe(200);
    expect(timeless(killed.record)).toEqual(timeless(whole.record));
    expect(killed.world.told).toEqual(whole.world.told);
    expect(whole.record.decisions.length).toBeGreaterThan(0);
    const turns = whole.record.guard.stages.reduce(
      (sum, { baseline, candidate }) => sum + baseline.turns + candidate.turns,
      0,
    );
    expect(turns).toBe(330);
  });

  it("[ROLLOUT-21] without a rollout there is nothing to assign", () => {
    expect(new JobWorld().ask<Assignment>("assignment", "support")).toEqual({});
  });
});

/** The rows of a rollout's keys, which are more than one invocation removes. */
import { expect, it } from "vitest";
import { JobWorld, rolloutOf } from "../../rollout/job-world.ts";

it("[ROLLOUT-30] the keys of a rollout that is over are removed by the alarm, some at a time, and its counts stay", async () => {
  const world = new JobWorld();
  world.ask("create", rolloutOf());
  world.ask("create", rolloutOf({ agent: "sales" }, "ro_2"));
  for (let n = 0; n < 20; n++) world.turn(`k${n}`);
  const many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)";
  world.storage.sql.exec(`${many} INSERT INTO rollout_keys SELECT 'ro_1', 0, 'x' || i, 'baseline', 1, 0 FROM n`);
  world.storage.sql.exec("INSERT INTO rollout_keys VALUES ('ro_2', 0, 'x', 'baseline', 1, 0)");
  const left = () => world.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM rollout_keys").one().n;
  const { guard } = world.record();
  world.ask("act", "ro_1", "rollback", { name: "a person", call: "1" });
  world.killAt = 3;
  for (const most of [7_100, 2_100, 1, 1]) {
    expect(world.job.dueMs()).toBeDefined();
    await world.runAlarm(Date.now());
    expect(left()).toBeLessThanOrEqual(most);
  }
  expect(left()).toBe(1);
  expect(world.job.dueMs()).toBe(world.record("ro_2").createdAtMs + 86_400_000);
  expect(world.record().guard).toEqual(guard);
  // A turn that ends later is counted no more.
  world.turn("k1");
  expect(left()).toBe(1);
});

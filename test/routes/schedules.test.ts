import { afterEach, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import type { Schedule } from "../../src/agent/app.ts";
import { runSchedules } from "../../src/routes/schedules.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import { app, schedules } from "../app/app.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, startProvider } from "../support/session-world.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("[SCHEDULE-1] posts its message once per time it is due", async () => {
  const provider = startProvider();
  provider.enqueue(text("Good morning."), text("Good morning again."));
  const session = crypto.randomUUID();
  const schedule: Schedule = { cron: "0 9 * * 1-5", session, content: "What is on today?" };
  schedules.push(schedule);
  try {
    await runSchedules(app, bindings, { cron: schedule.cron, atMs: 1_000 });
    await runSchedules(app, bindings, { cron: schedule.cron, atMs: 1_000 });
    await runSchedules(app, bindings, { cron: schedule.cron, atMs: 2_000 });
    await runSchedules(app, bindings, { cron: "1 1 1 1 1", atMs: 2_000 });
  } finally {
    schedules.pop();
  }
  const stub = sessionObject(bindings, { account: "default", name: session });
  unwrap(await stub.wait("turn_2", 10_000));
  const { entries } = unwrap(await stub.entries({ after: 0, limit: 50 }));
  expect(entries.filter(({ type }) => type === "user")).toMatchObject([
    { content: "What is on today?" },
    { content: "What is on today?" },
  ]);
});

/** The jobs of an account under one alarm, each on its own. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { AccountWatch } from "../../../src/account/account-watch.ts";
import { Alerts } from "../../../src/account/alerts.ts";
import { migrateAccount } from "../../../src/account/schema.ts";
import type { AccountJob } from "../../../src/observe/telemetry.ts";
import { nodeStorage } from "../../support/node-storage.ts";

const startMs = Date.UTC(2026, 10, 26);
let alarmMs: number | undefined;
let logged: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: startMs });
  alarmMs = undefined;
  logged = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A job that is due each minute, or all the time while it fails. */
class TestJob implements AccountJob {
  readonly name: string;
  readonly runs: number[] = [];
  forgets = 0;
  failsIn: "run" | "dueMs" | undefined;
  #dueMs = startMs;

  constructor(name: string, failsIn?: "run" | "dueMs") {
    this.name = name;
    this.failsIn = failsIn;
  }

  turnsEnded(): void {}
  feedbackGiven(): void {}
  forget(): void {
    this.forgets++;
  }

  dueMs(): number {
    if (this.failsIn === "dueMs") throw new Error("a row cannot be read");
    return this.#dueMs;
  }

  async run(nowMs: number): Promise<void> {
    if (nowMs < this.#dueMs) return;
    this.runs.push(nowMs - startMs);
    if (this.failsIn !== undefined) throw new Error("a row cannot be read");
    this.#dueMs = nowMs + 60_000;
  }
}

function watchOf(jobs: AccountJob[]) {
  const setAlarm = async (atMs: number) => {
    alarmMs = atMs;
  };
  const storage = { ...nodeStorage(), setAlarm };
  const watch = new AccountWatch({ storage } as unknown as DurableObjectState, () => jobs);
  const runAlarm = async () => {
    vi.setSystemTime(alarmMs ?? 0);
    await watch.run();
  };
  return { watch, runAlarm };
}

it.each(["run", "dueMs"] as const)(
  "[ACCOUNT-8] a job that fails in %s is named in the log and run again with backoff; all others run when they are due",
  async (failsIn) => {
    const jobs = [new TestJob("first"), new TestJob("second", failsIn), new TestJob("third")] as const;
    const { watch, runAlarm } = watchOf([...jobs]);
    expect(watch.transaction(() => "recorded")).toBe("recorded");
    const untilMs = startMs + 600_000;
    while ((alarmMs ?? untilMs) < untilMs) {
      await runAlarm();
      // What is reported meanwhile neither fails nor makes it run earlier.
      watch.transaction(() => {});
    }
    for (const { runs } of [jobs[0], jobs[2]]) expect(runs.length).toBeGreaterThanOrEqual(10);
    const { runs } = jobs[1];
    expect(runs.length).toBeGreaterThanOrEqual(3);
    expect(runs.length).toBeLessThanOrEqual(8);
    expect(new Set(logged)).toEqual(new Set(["the job second failed; it is run again"]));
    expect(logged.length).toBeLessThanOrEqual(9);
    expect(jobs[1].forgets).toBe(logged.length);

    jobs[1].failsIn = undefined;
    const lines = logged.length;
    const before = runs.length;
    while (runs.length < before + 3) await runAlarm();
    const [last = 0, next = 0] = runs.slice(-2);
    expect(next - last).toBe(60_000);
    expect(logged).toHaveLength(lines);
  },
);

it("[ACCOUNT-8] alerts that could not be looked at are looked at again", async () => {
  const storage = nodeStorage();
  migrateAccount(storage);
  const rule = { metric: "failed_turns", over: 1, windowMinutes: 5, to: { channel: "callback" } };
  const alerts = new Alerts(
    { storage, account: () => "default", isClosing: () => false },
    { rules: [rule] as never, send: async () => {} },
  );
  const { watch, runAlarm } = watchOf([alerts]);
  const read = vi.spyOn(storage.sql, "exec").mockImplementation(() => {
    throw new Error("not now");
  });
  watch.transaction(() => {});
  await runAlarm();
  expect(alarmMs).toBeGreaterThan(Date.now());
  read.mockRestore();
  await runAlarm();
  expect(logged).toEqual(["the job alerts failed; it is run again"]);
  expect(alerts.dueMs()).toBeUndefined();
});

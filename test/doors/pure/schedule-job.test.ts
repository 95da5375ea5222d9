import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { migrateAccount } from "../../../src/account/schema.ts";
import { AppError } from "../../../src/core/errors.ts";
import { timeOf } from "../../../src/doors/schedules/schedule-desk.ts";
import { type DueMessage, ScheduleJob } from "../../../src/doors/schedules/schedule-job.ts";
import type { ScheduleRecord } from "../../../src/doors/schedules/schedule-store.ts";
import { nodeStorage } from "../../support/node-storage.ts";
import { randomOf } from "../../support/random.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 26, 12);

class Killed extends Error {}

let storage: ReturnType<typeof nodeStorage>;
/** How often each message was sent, by its claim. */
let sent: Map<string, number>;
/** Called before a message is taken, and after. */
let around: (when: "before" | "after") => void;
let isClosing: boolean;

beforeEach(() => {
  storage = nodeStorage();
  migrateAccount(storage);
  sent = new Map();
  around = () => {};
  isClosing = false;
});
afterEach(() => {
  vi.restoreAllMocks();
});

function job(most = 100): ScheduleJob {
  const send = async ({ claim }: DueMessage) => {
    around("before");
    sent.set(claim, (sent.get(claim) ?? 0) + 1);
    around("after");
    return { turn: "turn_1" };
  };
  return new ScheduleJob({ storage, account: () => "default", isClosing: () => isClosing }, { send, most });
}

const create = (of: Partial<ScheduleRecord> & { id: string }, at = job()) =>
  at.ask("create", [
    { time: { cron: "0 * * * *", zone: "UTC" }, content: "Look.", createdAtMs: start, ...of },
  ]) as ScheduleRecord;
const list = () => job().ask("list", []) as ScheduleRecord[];

describe("the schedules of an account", () => {
  it("[SCHED-1] send a message for each time that is due, and are due next after it", async () => {
    const made = create({ id: "a", session: "s" });
    expect(made.dueMs).toBe(start + hour);
    const at = job();
    expect(at.dueMs()).toBe(start + hour);
    await at.run(start + hour - 1);
    expect(sent.size).toBe(0);
    await at.run(start + hour);
    expect([...sent]).toEqual([[`schedule a ${start + hour}`, 1]]);
    expect(at.dueMs()).toBe(start + 2 * hour);
    const last = { dueMs: start + hour, atMs: start + hour, session: "s", turn: "turn_1" };
    expect(list()).toMatchObject([{ id: "a", dueMs: start + 2 * hour, last }]);
  });

  it("[SCHED-1] a time is run once, and stays listed as over", async () => {
    create({ id: "a", time: timeOf({ at: "2026-11-26T14:00", time_zone: "Europe/Berlin" }, start) });
    expect(job().dueMs()).toBe(start + hour);
    await job().run(start + hour);
    await job().run(start + 9 * hour);
    expect([...sent.values()]).toEqual([1]);
    expect(list()[0]?.dueMs).toBeUndefined();
  });

  it("[SCHED-3] what was missed while nothing ran is sent once", async () => {
    create({ id: "a" });
    await job().run(start + 100.5 * hour);
    expect([...sent.keys()]).toEqual([`schedule a ${start + hour}`]);
    expect(job().dueMs()).toBe(start + 101 * hour);
  });

  it.each([
    ["again and again", { cron: "0 * * * *", zone: "UTC" }, start + 8 * 24 * hour + hour],
    ["once", timeOf({ at: "2026-11-26T13:00" }, start), undefined],
  ])("[SCHED-3] what is due %s is not sent a week late, says so, and goes on", async (_, time, next) => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    create({ id: "a", time, session: "s" });
    await job().run(start + 8 * 24 * hour);
    expect(sent.size).toBe(0);
    const error = expect.stringContaining("7 days ago");
    expect(list()[0]).toMatchObject({ last: { dueMs: start + hour, session: "s", error } });
    expect(list()[0]?.dueMs).toBe(next);
    const line = { level: "warn", event: "schedule_missed", account: "default", schedule: "a" };
    expect(warned.mock.calls.map(([text]) => JSON.parse(text))).toEqual([
      { ...line, due_at: "2026-11-26T13:00:00.000Z" },
    ]);
    if (next !== undefined) await job().run(next);
    expect([...sent.keys()]).toEqual(next === undefined ? [] : [`schedule a ${next}`]);
  });

  it("[SCHED-3] what is due once is sent up to a week late", async () => {
    create({ id: "a", time: timeOf({ at: "2026-11-26T13:00" }, start) });
    await job().run(start + hour + 7 * 24 * hour);
    expect(sent.size).toBe(1);
  });

  it("[SCHED-1] seeded: one message for each due time, however often its sending is cut off", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      storage = nodeStorage();
      migrateAccount(storage);
      sent = new Map();
      const random = randomOf(seed);
      for (const id of ["a", "b", "c"]) create({ id });
      around = () => {
        if (random() < 0.4) throw new Killed();
      };
      let nowMs = start;
      for (let n = 0; n < 30; n++) {
        nowMs += hour;
        // A kill takes what an instance remembers: another one goes on with the rows.
        for (let tries = 0; tries < 60 && (job().dueMs() ?? nowMs + 1) <= nowMs; tries++)
          await job()
            .run(nowMs)
            .catch(() => {});
      }
      around = () => {};
      await job().run(nowMs);
      const expected = Array.from({ length: 30 }, (_, n) => start + (n + 1) * hour);
      for (const id of ["a", "b", "c"]) {
        const own = [...sent.keys()].filter((claim) => claim.startsWith(`schedule ${id} `));
        expect([seed, own.map((claim) => Number(claim.split(" ")[2]))]).toEqual([seed, expected]);
      }
    }
  });

  it("[SCHED-3] what is refused for now is tried again, for an hour; what is refused for good is passed over, with the reason", async () => {
    create({ id: "a" });
    const at = job();
    around = () => {
      throw new AppError("queue_full", "Full.");
    };
    await at.run(start + hour);
    expect([at.dueMs(), list()[0]?.last]).toEqual([start + hour + 60_000, undefined]);
    await at.run(start + 2 * hour);
    expect(list()[0]).toMatchObject({ dueMs: start + 3 * hour, last: { dueMs: start + hour, error: "Full." } });
    around = () => {
      throw new AppError("no_such_agent", "There is no agent x.");
    };
    await at.run(start + 3 * hour);
    expect(list()[0]).toMatchObject({ dueMs: start + 4 * hour, last: { error: "There is no agent x." } });
  });

  it("[SCHED-1] one that is deleted while its message is sent stays deleted", async () => {
    create({ id: "a" });
    around = (when) => when === "after" && void job().ask("remove", ["a"]);
    await job().run(start + hour);
    expect(list()).toEqual([]);
    expect(job().ask("remove", ["a"])).toBe(false);
  });

  it("[SCHED-1] one that is made again by the same name while its message is sent has its own times", async () => {
    create({ id: "a" });
    around = (when) => {
      if (when === "before") return;
      job().ask("remove", ["a"]);
      create({ id: "a", time: { cron: "30 * * * *", zone: "UTC" }, createdAtMs: start + hour + 1 });
    };
    await job().run(start + hour);
    expect(list()).toMatchObject([{ id: "a", dueMs: start + 1.5 * hour }]);
    expect(list()[0]?.last).toBeUndefined();
  });

  it("[HOLD-4] one that is deleted while the message of another one is sent is not sent any more", async () => {
    create({ id: "a" });
    create({ id: "b" });
    around = (when) => when === "before" && void job().ask("remove", ["b"]);
    await job().run(start + hour);
    expect([...sent]).toEqual([[`schedule a ${start + hour}`, 1]]);
    expect(list()).toMatchObject([{ id: "a", dueMs: start + 2 * hour }]);
  });

  it("[SCHED-1] a clock that goes back brings no message twice", async () => {
    create({ id: "a" });
    for (const nowMs of [start + hour, start, start + hour - 1, start + hour]) await job().run(nowMs);
    expect([...sent.values()]).toEqual([1]);
  });

  it("[SCHED-9] of an account that is being erased send nothing, and none is made", async () => {
    create({ id: "a" });
    isClosing = true;
    await job().run(start + hour);
    expect([sent.size, job().dueMs()]).toEqual([0, undefined]);
    expect(() => create({ id: "b" })).toThrow("This account is being erased.");
  });

  it("[SCHED-9] that a tool made are erased with their session; those of callers stay", () => {
    create({ id: "a", session: "s", isOfSession: true });
    create({ id: "b", session: "s" });
    create({ id: "c", session: "t", isOfSession: true });
    const at = job();
    at.dueMs();
    at.sessionErased("s");
    expect(list().map(({ id }) => id)).toEqual(["b", "c"]);
  });

  it("[SCHED-4] are at most so many; the same id again is the same schedule", () => {
    create({ id: "a" }, job(2));
    create({ id: "b" }, job(2));
    expect(create({ id: "a", content: "Else." }, job(2)).content).toBe("Look.");
    expect(() => create({ id: "c" }, job(2))).toThrow("This account has 2 schedules, which is the most.");
  });

  it.each<[given: Parameters<typeof timeOf>[0], field: string]>([
    [{}, "cron: give either cron or at"],
    [{ cron: "0 9 * * *", at: "2026-12-01T00:00" }, "cron: give either"],
    [{ cron: "0 9 * *" }, "cron: has 4 fields"],
    [{ cron: "0 9 * * *", time_zone: "Berlin" }, 'time_zone: "Berlin" is no IANA time zone'],
    [{ at: "tomorrow" }, "at: is no time"],
    [{ at: "2026-13-01T00:00" }, "at: is no time"],
    [{ at: "2026-02-30T00:00:00Z" }, "at: "],
    [{ at: "2026-11-26T12:00:00Z" }, "at: is over"],
    [{ at: "2026-11-26T12:30", time_zone: "Europe/Berlin" }, "at: is over"],
  ])("[SCHED-2] %o is refused with its field", (given, words) => {
    expect(() => timeOf(given, start)).toThrow(words);
  });
});

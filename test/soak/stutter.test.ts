import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { Chance } from "./harness/chance.ts";
import { membersOf, signal } from "./harness/process-tree.ts";
import { stutter } from "./harness/stutter-schedule.ts";

const name = "LONGLINE_STUTTER_TEST";
const own = `${process.pid}-${Math.random()}`;
const mark = `${name}=${own}`;
const stateOf = (pid: number) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
const states = () => membersOf(mark).map(({ pid }) => stateOf(pid));

/** Two that wait: one whose parent has ended, and one with a child, which has nothing in its environment. */
async function start(): Promise<void> {
  const script = "(sleep 60 &); env -i sh -c 'sleep 60; true' & wait";
  spawn("sh", ["-c", script], { env: { ...process.env, [name]: own }, stdio: "ignore" });
  const sleeping = () => membersOf(mark).filter((member) => member.name === "sleep").length;
  await expect.poll(sleeping).toBe(2);
}

afterEach(() => signal(membersOf(mark), "SIGKILL"));

describe.skipIf(!existsSync("/proc/self/stat"))("processes that are stopped and continued", () => {
  it("[SOAK-5] all that a run has started are found, also below a parent that has ended or without its environment", async () => {
    await start();
    const stopped = () => {
      signal(membersOf(mark), "SIGSTOP");
      return new Set(states());
    };
    await expect.poll(stopped).toEqual(new Set(["T"]));
    signal(membersOf(mark), "SIGKILL");
    await expect.poll(() => membersOf(mark)).toEqual([]);
  });

  it("[SOAK-5] they run again when the schedule ends", async () => {
    await start();
    const ended = new AbortController();
    const stuttering = stutter(mark, new Chance(7, "stutter"), ended.signal);
    await expect.poll(states, { interval: 1 }).toContain("T");
    ended.abort();
    expect((await stuttering).stops).toBeGreaterThan(0);
    await expect.poll(states).not.toContain("T");
  });
});

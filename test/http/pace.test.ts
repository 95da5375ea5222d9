import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { jsonWorkMs, pace } from "../../src/http/pace.ts";

/** A day apart from other tests, which may have reserved time. */
let day = 0;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2100-01-01T00:00:00Z") + 86_400_000 * day++ });
});
afterEach(() => {
  vi.useRealTimers();
});

/** When each of the pieces began, in ms from now. */
async function beginnings(works: number[]): Promise<number[]> {
  const nowMs = Date.now();
  const begun = works.map(async (workMs) => {
    await pace(workMs);
    return Date.now() - nowMs;
  });
  await vi.runAllTimersAsync();
  return Promise.all(begun);
}

it("[BOUND-22] long pieces begin one after the other, in the order in which they came, and short ones at once", async () => {
  expect(await beginnings([40, 30, 1, 20])).toEqual([0, 40, 0, 70]);
  expect(await beginnings([10])).toEqual([expect.any(Number)]);
});

it("[BOUND-22] no piece waits longer than 10 s, and a place that no request takes blocks no other", async () => {
  const begun = await beginnings(Array(130).fill(100));
  expect(begun[99]).toBe(9_900);
  // These come due together, and begin one after the other all the same.
  const late = begun.slice(100);
  expect(new Set(late).size).toBe(late.length);
  expect(Math.max(...late)).toBeLessThan(10_100);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await beginnings([100])).toEqual([0]);
});

it("[BOUND-22] a body of a few kB has no place, and one of a megabyte takes tens of ms", () => {
  expect(jsonWorkMs({ units: 4_000, values: 200 })).toBeLessThan(2);
  expect(jsonWorkMs({ units: 1_048_576, values: 20_000 })).toBeGreaterThan(20);
});

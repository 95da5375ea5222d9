import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followingMs, inPieces, jsonWorkMs, pace, parsedAlone, pausing, readingPace } from "../../src/http/pace.ts";

/** A day apart from other tests, which may have reserved time. */
let day = 0;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2100-01-01T00:00:00Z") + 86_400_000 * day++ });
});
afterEach(() => {
  vi.restoreAllMocks();
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

it("[BOUND-25] a small piece does not wait for all large ones that came before it", async () => {
  const begun = await beginnings([...Array(80).fill(100), 3, 20, 100]);
  const [small = 0, middle = 0, large = 0] = begun.slice(80);
  expect(small).toBeLessThan(500);
  expect(middle).toBeLessThan(2_200);
  // The others begin one after the other, and not at the time of those that went before.
  expect(large).toBeGreaterThanOrEqual(8_000);
  expect(new Set(begun).size).toBe(begun.length);
});

it("[BOUND-22] a body of a few kB has no place, and one of a megabyte takes tens of ms", () => {
  expect(jsonWorkMs({ units: 4_000, values: 200 })).toBeLessThan(2);
  expect(jsonWorkMs({ units: 1_048_576, values: 20_000 })).toBeGreaterThan(20);
});

it("[BOUND-27] between two pieces there is time for what came meanwhile, however late they are", async () => {
  const nowMs = Date.now();
  const begun: number[] = [];
  const works = [40, 40, 40].map(async (workMs) => {
    await pace(workMs);
    begun.push(Date.now() - nowMs);
    // It takes longer than it was thought to: the next one is due already.
    vi.setSystemTime(Date.now() + 60);
  });
  await vi.runAllTimersAsync();
  await Promise.all(works);
  const [first = 0, second = 0, third = 0] = begun;
  expect([second - first >= 63, third - second >= 63]).toEqual([true, true]);
});

it("[BOUND-27] a piece whose request ended in it, and with it all its timers, holds no other up", async () => {
  const ending = pace(40);
  await vi.advanceTimersToNextTimerAsync();
  await ending;
  vi.clearAllTimers();
  const [next] = await beginnings([40]);
  expect(next).toBeGreaterThanOrEqual(40);
  expect(next).toBeLessThan(50);
});

/** How many timers were set while `chunks` chunks of so many bytes were read. */
async function waits({ chunks, bytes, announced }: { chunks: number; bytes: number; announced: number }) {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const between = readingPace(announced);
  let waited = 0;
  const reading = (async () => {
    for (let n = 0; n < chunks; n++) {
      const before = timers.mock.calls.length;
      await between(new Uint8Array(bytes));
      if (timers.mock.calls.length > before) waited++;
    }
  })();
  await vi.runAllTimersAsync();
  await reading;
  return waited;
}

it("[BOUND-27] a large body is read in pieces, the first of which waits for its place, and a small one at once", async () => {
  expect(await waits({ chunks: 15, bytes: 4_096, announced: 61_440 })).toBe(0);
  expect(await waits({ chunks: 20, bytes: 4_096, announced: 81_920 })).toBe(1);
  const megabytes = await waits({ chunks: 128, bytes: 65_536, announced: 8_388_608 });
  expect([megabytes >= 4, megabytes <= 10]).toEqual([true, true]);
});

it("[BOUND-27] large bodies that come at once are begun one after the other", async () => {
  const nowMs = Date.now();
  const begun: number[] = [];
  const bodies = Array.from({ length: 5 }, async () => {
    await readingPace(8_388_608)(new Uint8Array(100_000));
    begun.push(Date.now() - nowMs);
  });
  await vi.runAllTimersAsync();
  await Promise.all(bodies);
  expect(begun.map((ms, n) => n === 0 || ms - (begun[n - 1] ?? 0) >= 27)).toEqual(Array(5).fill(true));
});

/** When each chunk of these bodies was taken, by body, in ms from now. A body sends a chunk every `everyMs`. */
async function readings(bodies: { chunks: number; announced?: number; everyMs: number }[], bytes = 65_536) {
  const nowMs = Date.now();
  const taken = bodies.map(async ({ chunks, everyMs, announced = chunks * bytes }) => {
    const between = readingPace(announced);
    const times: number[] = [];
    for (let n = 0; n < chunks; n++) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      await between(new Uint8Array(bytes));
      times.push(Date.now() - nowMs);
    }
    return times;
  });
  await vi.runAllTimersAsync();
  return Promise.all(taken);
}

it("[BOUND-33] large bodies are read one at a time, with time kept free for what is done with each", async () => {
  const read = await readings(Array(5).fill({ chunks: 128, everyMs: 0 }));
  const spans = read.map((times) => [times[0] ?? 0, times.at(-1) ?? 0]).toSorted(([a = 0], [b = 0]) => a - b);
  for (const [at, [begin = 0]] of spans.entries()) {
    const before = spans[at - 1]?.[1] ?? -1_000;
    expect(begin - before).toBeGreaterThanOrEqual(250);
  }
  expect(spans.at(-1)?.[1]).toBeLessThan(5_000);
});

it("[BOUND-33] neither small bodies nor a slow, silent or broken sender of a large one wait or make others wait for long", async () => {
  const [small = []] = await readings([{ chunks: 3, everyMs: 0 }, ...Array(5).fill({ chunks: 128, everyMs: 0 })]);
  expect(small.at(-1)).toBeLessThan(100);
  await vi.advanceTimersByTimeAsync(20_000);
  for (const slow of [
    { chunks: 40, everyMs: 90, announced: 8_000_000 },
    { chunks: 5, everyMs: 0, announced: 8_000_000 },
  ]) {
    const [, other = []] = await readings([slow, { chunks: 16, everyMs: 1 }]);
    expect(other.at(-1)).toBeLessThan(1_500);
    await vi.advanceTimersByTimeAsync(20_000);
  }
  // One that took too long, or was silent, does not wait again.
  const [slow = []] = await readings([
    { chunks: 30, everyMs: 90, announced: 8_000_000 },
    ...Array(4).fill({ chunks: 128, everyMs: 5 }),
  ]);
  const pauses = slow.map((ms, at) => ms - (slow[at - 1] ?? ms));
  expect(Math.max(...pauses.slice(1))).toBeLessThan(400);
  await vi.advanceTimersByTimeAsync(20_000);
  // One that did not announce its size.
  const [first = [], second = []] = await readings(Array(2).fill({ chunks: 16, announced: 0, everyMs: 0 }));
  const [early = [], late = []] = [first, second].toSorted((a, b) => (a.at(-1) ?? 0) - (b.at(-1) ?? 0));
  expect(late[4]).toBeGreaterThanOrEqual((early.at(-1) ?? 0) + 80);
});

it("[BOUND-27] small parts are done together, and what follows a body of many values has time kept free", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const pieces = inPieces();
  const working = (async () => {
    for (let n = 0; n < 100; n++) await pieces(1);
  })();
  await vi.runAllTimersAsync();
  await working;
  // A wait is at most its own timer, one more where the last piece has just ended, and the two that end it.
  expect([timers.mock.calls.length >= 11, timers.mock.calls.length <= 11 * 4]).toEqual([true, true]);
  expect([followingMs(5_000), followingMs(60_000)]).toEqual([0, 100]);
});

it("[BOUND-39] a large body of many values keeps the next one waiting for longer than one of text", async () => {
  const nowMs = Date.now();
  const begun: number[] = [];
  const read = async (values: number) => {
    await readingPace(300_000)(new Uint8Array(300_000));
    begun.push(Date.now() - nowMs);
    parsedAlone(values);
  };
  const reading = [read(60_000), read(0), read(0)];
  await vi.runAllTimersAsync();
  await Promise.all(reading);
  const [first = 0, second = 0, third = 0] = begun;
  expect([second - first >= 300, third - second < 250]).toEqual([true, true]);
});

it("[BOUND-41] pieces of work that has its place as a whole leave time for what came meanwhile, and come before the next work", async () => {
  const nowMs = Date.now();
  const begun: [string, number][] = [];
  const isOver = () => begun.length === 8;
  const work = async (name: string) => {
    const pause = pausing(isOver);
    for (let goesOn = await pause(40); goesOn; goesOn = begun.at(-1)?.[0] === name && begun.length % 4 > 0) {
      begun.push([name, Date.now() - nowMs]);
      expect(await pause()).toBe(!isOver());
    }
  };
  const working = [work("a"), work("b")];
  await vi.runAllTimersAsync();
  await Promise.all(working);
  expect(begun.map(([name]) => name).join("")).toBe("aaaabbbb");
  const gaps = begun.slice(1).map(([, ms], at) => ms - (begun[at]?.[1] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(3);
});

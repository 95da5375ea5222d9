/** What a Worker remembers of accounts, and for how long. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Access, forgetCallers, type RememberedAccess } from "../../../src/account/access.ts";
import type { Bindings } from "../../../src/env.ts";

const keyOf = (n: number) => `ll_shop_${String(n).padStart(43, "k")}`;
let asked: number;
let isDown: boolean;
let remembered: RememberedAccess;
let access: Access;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 26) });
  asked = 0;
  isDown = false;
  remembered = new Map();
  const call = async () => {
    asked++;
    if (isDown) throw new Error("no such table: keys");
    return { limits: {}, keyRights: [], tokenSecret: "" };
  };
  const bindings = { ACCOUNTS: { getByName: () => ({ call }) } } as unknown as Bindings;
  access = new Access(bindings, remembered);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const admit = (n: number) => {
  const request = new Request("https://longline.test", { headers: { Authorization: `Bearer ${keyOf(n)}` } });
  return access.admit(request, { kind: "closed" });
};

it("[AUTH-4] a key that was not used for 30 s is in memory no more once another one is looked up", async () => {
  for (const n of [1, 2]) await admit(n);
  vi.advanceTimersByTime(20_000);
  await admit(3);
  expect([...remembered.keys()]).toEqual([1, 2, 3].map(keyOf));
  vi.advanceTimersByTime(10_000);
  await admit(2);
  expect([...remembered.keys()]).toEqual([3, 2].map(keyOf));
});

it("[AUTH-4] at most 1,000 are, the newest", async () => {
  for (let n = 0; n < 1_003; n++) await admit(n);
  expect(remembered.size).toBe(1_000);
  expect(remembered.has(keyOf(2))).toBe(false);
  await admit(3);
  expect(asked).toBe(1_003);
});

it("[PLATFORM-9] an answer that is used while the account fails does not become newer by that", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await admit(1);
  isDown = true;
  vi.advanceTimersByTime(29_000);
  await admit(1);
  vi.advanceTimersByTime(1_000);
  await expect(admit(1)).rejects.toMatchObject({ code: "unavailable" });
});

it("[KEY-4] what was known before a change is not used after it, not even while the account fails", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await admit(1);
  forgetCallers();
  isDown = true;
  await expect(admit(1)).rejects.toMatchObject({ code: "unavailable" });
});

import { describe, expect, it } from "vitest";
import { armOf, seedOf } from "../../src/rollout/assignment.ts";
import { randomOf } from "../support/random.ts";

const random = randomOf(22);
const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
const shapes: [string, (n: number) => string][] = [
  ["numbered", (n) => `r${n}`],
  ["dated", (n) => `standup-${new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10)}`],
  ["UUIDs", () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`],
  ["speakers of Slack", (n) => `slack:T024BE7LD:U${String(n).padStart(8, "0")}`],
];
const seeds = Array.from({ length: 20 }, (_, n) => seedOf(`ro_${n}`));
const isIn = (key: string, seed: number, share: number) => armOf(key, { seed, share }) === "candidate";

/** Against a share, with one degree of freedom: one in 100,000 is over 19.5. */
function chiSquare(found: number, all: number, share: number): number {
  return (found - all * share) ** 2 / (all * share) + (found - all * share) ** 2 / (all * (1 - share));
}

describe("the arm of a key", () => {
  it("[ASSIGN-1] no key of a million goes back while the share grows", () => {
    const seed = seedOf("ro_7");
    const shares = [0.01, 0.1, 0.5, 0.9, 1];
    let backwards = 0;
    let early = 0;
    for (let n = 0; n < 1_000_000; n++) {
      // Each key at one of the four steps: all of them at all steps would take seconds.
      const step = n % 4;
      if (!isIn(`k${n}`, seed, shares[step] ?? 0)) continue;
      early++;
      if (!isIn(`k${n}`, seed, shares[step + 1] ?? 0)) backwards++;
    }
    expect(backwards).toBe(0);
    // 1, 10, 50 and 90 % of a quarter of a million each.
    expect(Math.abs(early - 377_500)).toBeLessThan(2_000);
  });

  it("[ASSIGN-1] a share of 1 takes every key, a share of 0 none", () => {
    const keys = Array.from({ length: 10_000 }, (_, n) => `k${n}`);
    for (const seed of seeds.slice(0, 3)) {
      expect(keys.every((key) => isIn(key, seed, 1))).toBe(true);
      expect(keys.some((key) => isIn(key, seed, 0))).toBe(false);
    }
  });

  it.each(shapes)("[ASSIGN-2] keys that are %s get the share that was asked for, in each rollout", (_, key) => {
    const keys = Array.from({ length: 1_000 }, (_, n) => key(n));
    for (const share of [0.01, 0.1, 0.5, 0.9]) {
      const found = seeds.map((seed) => {
        const moved = keys.filter((each) => isIn(each, seed, share)).length;
        return chiSquare(moved, keys.length, share);
      });
      expect(Math.max(...found)).toBeLessThan(19.5);
      expect(found.reduce((sum, each) => sum + each, 0) / found.length).toBeLessThan(2.5);
    }
  });

  it("[ASSIGN-3] keys that are early in one rollout are not early in the next", () => {
    const keys = Array.from({ length: 4_000 }, (_, n) => `k${n}`);
    const [one, other] = [seedOf("ro_1"), seedOf("ro_2")];
    const both = keys.filter((key) => isIn(key, one, 0.5) && isIn(key, other, 0.5)).length;
    expect(Math.abs(both - 1_000)).toBeLessThan(150);
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});

import { describe, expect, it } from "vitest";
import { murmur3, unitHash } from "../../src/core/digest.ts";
import { randomOf } from "../support/random.ts";

const encoder = new TextEncoder();

/** Names as people give them to sessions, a thousand of each shape. */
const random = randomOf(20_261_125);
const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);
const shapes: [string, (n: number) => string][] = [
  ["numbered", (n) => `r${n}`],
  ["numbered with noughts", (n) => `session-${String(n).padStart(6, "0")}`],
  ["numbered behind a prefix", (n) => `customer_42-${n}`],
  ["numbered before a suffix", (n) => `${n}-chat`],
  ["dated", (n) => `standup-${day(n)}`],
  [
    "dated with minutes",
    (n) => new Date(1_790_000_000_000 + n * 60_000).toISOString().slice(0, 16).replace(/[T:]/g, "-"),
  ],
  ["times in ms", (n) => String(1_790_000_000_000 + n * 1_000)],
  ["UUIDs", () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`],
  ["Slack threads", (n) => `slack_T024BE7LD_C0G9QF9GZ_1790000${String(n).padStart(3, "0")}.000${100 + (n % 800)}`],
  ["one letter repeated", (n) => "a".repeat(n + 1)],
];

/** Over equal bins. With 19 degrees of freedom the mean is 19, and one in 100,000 is over 57. */
function chiSquare(values: readonly number[], bins = 20): number {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.floor(value * bins)] = (counts[Math.floor(value * bins)] ?? 0) + 1;
  const expected = values.length / bins;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("shares by a hash", () => {
  it("[ROLLOUT-2] is MurmurHash3 x86_32", () => {
    // Vectors of the reference implementation, as its users publish them (for example pypi.org/project/mmh3).
    const vectors: [string, number, number][] = [
      ["", 0, 0],
      ["", 1, 0x514e28b7],
      ["", 0xffffffff, 0x81f16f39],
      ["test", 0, 0xba6bd213],
      ["test", 0x9747b28c, 0x704b81dc],
      ["Hello, world!", 0, 0xc0363e43],
      ["Hello, world!", 0x9747b28c, 0x24884cba],
      ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
      ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
      ["aaaa", 0x9747b28c, 0x5a97808a],
      ["abc", 0, 0xb3dd93fa],
    ];
    expect(vectors.map(([text, seed]) => murmur3(encoder.encode(text), seed))).toEqual(vectors.map((each) => each[2]));
  });

  it.each(shapes)("[ROLLOUT-2] names that are %s are spread evenly, whatever the account and the seed", (_, name) => {
    const names = Array.from({ length: 1_000 }, (_, n) => `default:${name(n)}`);
    const found = Array.from({ length: 20 }, (_, seed) => chiSquare(names.map((each) => unitHash(each, seed))));
    expect(Math.max(...found)).toBeLessThan(57);
    expect(found.reduce((sum, each) => sum + each, 0) / found.length).toBeLessThan(24);
  });

  it.each(shapes)(
    "[ROLLOUT-2] a share of 10 % gets 7 to 13 % of names that are %s, also of the first hundred or so",
    (_, name) => {
      const below = (count: number) =>
        Array.from({ length: count }, (_, n) => unitHash(`default:${name(n)}`)).filter((value) => value < 0.1).length;
      expect(below(1_000)).toBeGreaterThanOrEqual(70);
      expect(below(1_000)).toBeLessThanOrEqual(130);
      expect(below(100)).toBeLessThanOrEqual(20);
    },
  );

  it("[ROLLOUT-2] two seeds give independent numbers for the same names", () => {
    const both = Array.from({ length: 2_000 }, (_, n) => [unitHash(`r${n}`, 1), unitHash(`r${n}`, 2)] as const);
    const quarter = both.filter(([a, b]) => a < 0.5 && b < 0.5).length;
    expect(quarter).toBeGreaterThan(420);
    expect(quarter).toBeLessThan(580);
  });
});

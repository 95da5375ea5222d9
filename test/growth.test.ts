import { afterAll, expect, it } from "vitest";
import { families } from "./support/crafted.ts";
import { type Reader, readers } from "./support/outside-readers.ts";
import { stopCounting, workOf } from "./support/work.ts";

/** `GROWTH=whole` tries every size, which takes minutes; a quadratic function is found at the smaller ones, too. */
const isWhole = process.env.GROWTH === "whole";
const sizes = (isWhole ? [4, 16, 64, 256, 1_024] : [4, 16]).map((kilobytes) => kilobytes * 1_024);
/** So much work for each character needs no second look; a quadratic function does eight thousand at 16 kB. */
const fewPerCharacter = 200;
/** All families together are counted first: one quadratic family among them does more than this. */
const fewTogether = 30;
const once = 50_000;

// Other files run in this process, too, and code that is counted is slow.
afterAll(stopCounting);

/** What grew faster than n log n, if anything did. */
async function growthFault(reader: Reader, of: (size: number) => string): Promise<string | undefined> {
  let before: { size: number; work: number } | undefined;
  for (const size of sizes) {
    if (size > (reader.longest ?? Number.POSITIVE_INFINITY)) return undefined;
    const text = of(size);
    const work = await workOf(() => reader.run(text));
    const most =
      before === undefined ? 0 : (before.work * size * Math.log2(size)) / (before.size * Math.log2(before.size));
    if (work > fewPerCharacter * size + once && work > most) return `${work} for ${size} characters`;
    before = { size, work };
  }
  return undefined;
}

/** Whether all families together do so little that none of them can be quadratic. */
async function isLittle(reader: Reader): Promise<boolean> {
  const size = sizes.findLast((each) => each <= (reader.longest ?? Number.POSITIVE_INFINITY));
  if (size === undefined) return true;
  const texts = families.map(({ of }) => of(size));
  const work = await workOf(async () => {
    for (const text of texts) await reader.run(text);
  });
  return work < fewTogether * size * families.length;
}

it("[BOUND-1] there are at least 60 families of crafted input", () => {
  expect(new Set(families.map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
});

it.each(readers.map((reader) => [reader.name, reader] as const))(
  "[BOUND-1] %s: work grows no faster than n log n",
  async (_, reader) => {
    if (await isLittle(reader)) return;
    const faults: string[] = [];
    for (const { name, of } of families) {
      const fault = await growthFault(reader, of);
      if (fault !== undefined) faults.push(`${name}: ${fault}`);
    }
    expect(faults).toEqual([]);
  },
  isWhole ? 600_000 : undefined,
);

/** The work of a pattern is not counted. One that begins anew at each sign of a run takes 5 s for such a text, any other one a few ms. */
const run = 100_000;
const longestMs = 1_500;

it.each([
  ["spaces", " "],
  ["line breaks", "\n"],
  ["backticks", "`"],
])("[BOUND-18] a long run of %s in the middle of a text is read once", async (_, sign) => {
  const faults: string[] = [];
  for (const { name, longest = Number.POSITIVE_INFINITY, run: read } of readers) {
    const text = `{"a":1}${sign.repeat(Math.min(run, longest - 10))}x`;
    // Of this thread alone: what else the machine does counts for nothing.
    const before = process.threadCpuUsage();
    await read(text);
    const { user, system } = process.threadCpuUsage(before);
    const tookMs = (user + system) / 1_000;
    if (tookMs > longestMs) faults.push(`${name}: ${Math.round(tookMs)} ms`);
  }
  expect(faults).toEqual([]);
});

it.each<[string, (text: string) => unknown]>([
  ["a loop in a loop", (text) => [...text].map(() => [...text.slice(0, 1_000)].filter((char) => char === "~").length)],
  ["a search from each place", (text) => [...text].map((_, at) => text.indexOf("~", at))],
  ["a pattern from each place", (text) => [...text].map((_, at) => /~/.test(text.slice(at)))],
])("[BOUND-1] finds %s", async (_, run) => {
  expect(await growthFault({ name: "", run }, (size) => "a".repeat(size / 4))).toBeDefined();
});

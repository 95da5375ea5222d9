import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Row } from "./bench/measure.ts";
import { documentText, goalTable, summary, table } from "./bench/report.ts";

const folder = "test/bench/peers";
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

describe("the bench", () => {
  it("[BENCH-1] has its peers in a package of their own with exact versions, which the project does not install", () => {
    const { dependencies } = json(`${folder}/package.json`) as { dependencies: Record<string, string> };
    expect(Object.entries(dependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(json(`${folder}/package-lock.json`).packages[""].dependencies).toEqual(dependencies);
    const own = json("package.json") as { dependencies: object; devDependencies: object };
    const missing = ["agents", "@cloudflare/ai-chat", "@portkey-ai/gateway"];
    expect(Object.keys({ ...own.dependencies, ...own.devDependencies })).not.toEqual(expect.arrayContaining(missing));
    const sources = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    const imported = sources.flatMap((name) => [
      ...readFileSync(`${folder}/${name}`, "utf8").matchAll(/from "((?:@[^/"]+\/)?[^/".]+)/g),
    ]);
    expect(imported.map(([, name]) => name).filter((name) => dependencies[name ?? ""] === undefined)).toEqual([]);
  });

  const rows: Row[] = [
    { section: "relay", measure: "tokens/s", isRate: true, values: { sketch: 20_000, native: 15_000, pipe: 90_000 } },
    { section: "search", measure: "answer, ms", isRate: false, values: { native: 4.5678 } },
  ];

  it("[BENCH-2] shows each figure with its ratio to the sketch, and what takes no part in a row as -", () => {
    const [, , relay, search] = table(rows).split("\n");
    expect(relay).toBe("| relay: tokens/s | 20,000 | 15,000 (0.75 x) | 90,000 (4.50 x) |");
    expect(search).toBe("| search: answer, ms | - | 4.57 | - |");
  });

  it("[BENCH-2] sums a run up in one table of the measures that people choose by", () => {
    const [section, measure] = ["relay, 10 streams, 1 events a write", "tokens/s"];
    const relay: Row = { section, measure, isRate: true, values: { sketch: 20_000, native: 15_000 } };
    const [, , ...lines] = summary([...rows, relay]).split("\n");
    expect(lines).toEqual(["| 10 streams, tokens a second (more is better) | 20,000 | 15,000 (0.75 x) |"]);
    const named = readFileSync("test/bench/sections.ts", "utf8");
    for (const word of ["turn of a warm session", "first turn of a session", "start of the process"])
      expect(named).toContain(word);
  });

  it("[BENCH-3] compares each goal that was measured with the figure, a step of a tool by the difference of two turns", () => {
    const row = (section: string, measure: string, values: Row["values"]): Row => ({
      section,
      measure,
      isRate: false,
      values,
    });
    const [, , ...lines] = goalTable([
      row("turn of a warm session", "first token, ms", { sketch: 2, native: 2.8, pipe: 1 }),
      row("relay, 10 streams, 1 events a write", "tokens/s", { sketch: 20_000, native: 15_998 }),
      row("tool loop, 5 steps", "whole turn, ms", { sketch: 10, native: 20 }),
      row("tool loop, 20 steps", "whole turn, ms", { sketch: 25, native: 44 }),
      row("start of the process", "listening and first token, ms", { sketch: 40, native: 71 }),
    ]).split("\n");
    expect(lines).toEqual([
      "| first token of a warm session | at most 1.4 x | 1.40 | met |",
      "| tokens a second of 10 streams | at least 0.8 x | 0.800 | not met |",
      "| a step with a tool | at most 1.5 x | 1.60 | not met |",
      "| start of the process to its first token, ms | at most 70 | 71.0 | not met |",
    ]);
  });

  it("[BENCH-2] says in its text where and when it ran, and has a table for each section", () => {
    const load = { before: [1.23, 0, 0], after: [2.5, 0, 0] };
    const about = { date: "2026-11-26", node: "v24", load, rounds: 5, bytes: { longline: 1_024_000, portkey: 0 } };
    const text = documentText(about, rows);
    expect(text).toContain("on 2026-11-26");
    expect(text).toContain("1.2 before and 2.5 after");
    expect(text).toContain("Built modules: longline 1000 KB.");
    expect(text.match(/^### .*/gm)).toEqual(["### Relay", "### Search"]);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(200);
  });
});

import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import config, { inWorkers } from "../../vitest.config.ts";

interface Project {
  test?: { name?: string; include?: string[] };
}

/** The files that a pattern of a group names. */
const filesOf = (pattern: string) => globSync(pattern.replace(/^\.\.\//, "test/")).toSorted();

it("[HOUSE-18] every file of tests that needs the Workers runtime is in exactly one group", () => {
  const projects = (config.test?.projects ?? []) as Project[];
  const { include = [] } = projects.find(({ test }) => test?.name === "worker")?.test ?? {};
  expect(include).toContain("test/together/*.test.ts");
  const all = inWorkers.flatMap((room) => globSync(room));
  const needed = all.filter((path) => !path.includes("/pure/")).toSorted();
  const grouped = globSync("test/together/*.test.ts").flatMap((group) => {
    const patterns = [...readFileSync(group, "utf8").matchAll(/"(\.\.\/[^"]+)"/g)].map(([, pattern = ""]) => pattern);
    return patterns.flatMap(filesOf).filter((path) => !path.includes("/pure/"));
  });
  expect(needed.length).toBeGreaterThan(80);
  expect(grouped.toSorted()).toEqual(needed);
});

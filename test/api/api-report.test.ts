import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { apiReport } from "./api-report.ts";
import { declarationsOf, moduleOf } from "./declarations.ts";

const path = "test/fixtures/api-report.txt";

it("[API-1] the public face is as its report says; UPDATE_API=1 writes the report anew", {
  timeout: 60_000,
}, async () => {
  const report = await apiReport(["src/index.ts", "src/client.ts", "src/test.ts"]);
  if (process.env.UPDATE_API !== undefined) await writeFile(path, report);
  expect(report).toBe(await readFile(path, "utf8"));
});

it("[API-1] reads what a module declares, hands on and imports, from source, too", () => {
  const source = `import type { Door } from "./door.ts";
export { type A, b as c } from "./a.ts";

/** A shape. */
export interface Shape {
  // inside
  side: number;
}

export function make({ side }: Shape): Door {
  return side;
}

const table = {
  a: 1,
};
`;
  const module = moduleOf(source);
  expect(module.exports).toEqual([
    { name: "A", as: "A", from: "./a.ts" },
    { name: "b", as: "c", from: "./a.ts" },
    { name: "Shape", as: "Shape" },
    { name: "make", as: "make" },
  ]);
  expect(module.imports.get("Door")).toEqual({ name: "Door", as: "Door", from: "./door.ts" });
  expect(declarationsOf(module, "Shape")).toEqual(["export interface Shape {\n  side: number;\n}"]);
  expect(declarationsOf(module, "make")).toEqual(["export function make(options: Shape): Door;"]);
  expect(declarationsOf(module, "table")).toEqual(["const table;"]);
});

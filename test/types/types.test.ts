import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { moduleOf } from "../api/declarations.ts";

const folder = "test/types";
const files = readdirSync(folder).filter((name) => name.endsWith(".test-d.ts"));
const texts = files.map((name) => readFileSync(join(folder, name), "utf8"));
const isLibrary = ({ from }: { from?: string }) => from === "longline" || from === "longline/client";
const used = new Set(
  texts.flatMap((text) => [...moduleOf(text).imports.values()].filter(isLibrary).map(({ name }) => name)),
);

const faces = ["src/index.ts", "src/client.ts"];

it.each([
  "defineTool",
  "defineAgent",
  "delegate",
  "handoff",
  "asTool",
  "longline",
  "client",
  "Routes",
  "defineDoor",
  "slackRoom",
  "discordRoom",
])("[TYPES-1] %s is public, and its types are asserted where the compiler reads them", (name) => {
  const exported = faces.flatMap((path) => moduleOf(readFileSync(path, "utf8")).exports.map(({ as }) => as));
  expect(exported).toContain(name);
  expect(used).toContain(name);
});

it("[TYPES-1] each file asserts what is accepted, and what is refused, and the compiler reads them all", () => {
  for (const text of texts) {
    expect(text).toMatch(/\bexpectTypeOf\(/);
    expect(text).toMatch(/\/\/ @ts-expect-error \w/);
  }
  const { include, exclude } = JSON.parse(readFileSync("tsconfig.json", "utf8")) as Record<string, string[]>;
  expect(include).toContain("test");
  expect(exclude).not.toContain(folder);
});

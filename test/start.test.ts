import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

/** What a file imports when it is evaluated: no types, and nothing that is imported later by `import()`. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const found = text.matchAll(/^(?:import|export)\s+(?!type\s)[^;"']*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm);
  return [...found].map(([, from, bare]) => {
    const target = from ?? bare ?? "";
    return target.startsWith(".") ? normalize(join(dirname(path), target)) : target;
  });
}

/** Everything that is evaluated with these files. */
function evaluatedWith(paths: readonly string[]): Set<string> {
  const all = new Set<string>();
  const visit = (path: string) => {
    if (all.has(path)) return;
    all.add(path);
    if (existsSync(path)) for (const target of importsOf(path)) visit(target);
  };
  for (const path of paths) visit(path);
  return all;
}

const composition = ["src/index.ts", "src/longline.ts"];

it.each([
  ["the schemas of imported transcripts", /^src\/doors\/copies\/transcript-lines\.ts$/],
  ["the MCP server", /^src\/doors\/mcp\/server\.ts$/],
  ["connections to MCP servers", /^src\/tools\/mcp\/connection\.ts$/],
  ["a package of the Model Context Protocol", /^@modelcontextprotocol\//],
  ["the generator of OpenAPI documents", /^zod-openapi/],
])("[SPEED-7] the start of a Worker does not evaluate %s", (_, what) => {
  const evaluated = evaluatedWith(composition);
  expect(evaluated.size).toBeGreaterThan(200);
  expect([...evaluated].filter((path) => what.test(path))).toEqual([]);
});

it("[SPEED-7] the walk finds what is imported far below, and what is exported from elsewhere", () => {
  const evaluated = evaluatedWith(["src/doors/copies/transcript-lines.ts"]);
  for (const path of ["zod/mini", "src/core/speaker.ts", "src/doors/copies/transcript-text.ts"])
    expect(evaluated).toContain(path);
});

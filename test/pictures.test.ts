/** The pictures of README and documents: that each is there and small. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const mostBytes = 60_000;
const documents = ["README.md", "OPERATING.md", ...readdirSync("docs").map((name) => join("docs", name))];

it.each(documents)("[DOCS-15] the pictures of %s are there, and small", (document) => {
  const shown = [...readFileSync(document, "utf8").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)];
  for (const [, path = ""] of shown)
    expect(statSync(join(dirname(document), path)).size, path).toBeLessThanOrEqual(mostBytes);
});

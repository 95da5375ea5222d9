import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { startDev } from "../support/wrangler-dev.ts";

const run = promisify(execFile);
const path = "docs/agents.md";

/** The document's first block of this kind. */
function blockOf(document: string, kind: string): string {
  return new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\`$`, "ms").exec(document)?.[1] ?? "";
}

/** In a folder of the checkout, where "longline" is found. */
async function bundled(code: string, folder: string): Promise<string> {
  const [source, script] = [join(folder, "worker.ts"), join(folder, "worker.js")];
  await writeFile(source, code);
  const external = ["cloudflare:*", "node:*"];
  await build({ entryPoints: [source], outfile: script, bundle: true, format: "esm", external, minify: true });
  return script;
}

it("[DOCS-16] the story of docs/agents.md runs as it is printed; RECORD_STORY=1 records it", async () => {
  const document = await readFile(path, "utf8");
  const recorded = blockOf(document, "text");
  await mkdir(".wrangler", { recursive: true });
  const folder = resolve(await mkdtemp(join(".wrangler", "agents-story-")));
  const dev = await startDev({ script: await bundled(blockOf(document, "ts"), folder) });
  try {
    const commands = blockOf(document, "sh").replaceAll("http://127.0.0.1:8787", dev.url);
    const { stdout } = await run("bash", ["-eo", "pipefail", "-c", commands]);
    const text = document.replace(`\`\`\`text\n${recorded}`, () => `\`\`\`text\n${stdout}`);
    if (process.env.RECORD_STORY === "1") await writeFile(path, text);
    else expect(stdout).toBe(recorded);
    expect(stdout.match(/"type":"agent.finished"/g)).toHaveLength(3);
  } finally {
    await dev.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

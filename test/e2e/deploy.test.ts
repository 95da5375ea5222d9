import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const run = promisify(execFile);

it("[E2E-7] what is deployed is at most 440 KB gzipped", async () => {
  const folder = await mkdtemp(join(tmpdir(), "longline-"));
  try {
    await run("npx", ["--no-install", "wrangler", "deploy", "--dry-run", "--outdir", folder]);
    const bytes = gzipSync(await readFile(join(folder, "worker.js"))).length;
    console.log(`bundle: ${bytes} bytes gzipped`);
    expect(bytes).toBeLessThanOrEqual(440 * 1024);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Bundles the tests' own app and the page once for all end-to-end files of a run, as `wrangler deploy` does, and reads `wrangler.toml` once. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unstable_getMiniflareWorkerOptions as readOptions } from "wrangler";
import { bundleFiles, bundleVariable } from "./bundle-files.ts";

export default async function bundleOnce(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "longline-bundle-"));
  const args = ["--no-install", "wrangler", "deploy", "test/app/worker.ts", "--dry-run", "--outdir", folder];
  await promisify(execFile)("npx", args);
  const { workerOptions } = readOptions("wrangler.toml");
  await writeFile(join(folder, bundleFiles.options), JSON.stringify(workerOptions));
  process.env[bundleVariable] = folder;
  return () => rm(folder, { recursive: true, force: true });
}

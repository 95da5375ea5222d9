/**
 * Bundles the tests' own app and the page once for all end-to-end files of a run, as `wrangler deploy` does, and reads `wrangler.toml`
 * once. Tests that need none run meanwhile: `startDev` waits for it.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unstable_getMiniflareWorkerOptions as readOptions } from "wrangler";
import { bundleFiles, bundleVariable } from "./bundle-files.ts";

export default async function bundleOnce(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "longline-bundle-"));
  process.env[bundleVariable] = folder;
  const made = bundle(folder);
  return async () => {
    await made;
    await rm(folder, { recursive: true, force: true });
  };
}

/** Its last file says that it is whole, or why it is not. */
async function bundle(folder: string): Promise<void> {
  const args = ["--no-install", "wrangler", "deploy", "test/app/worker.ts", "--dry-run", "--outdir", folder];
  try {
    await promisify(execFile)("npx", args);
    const { workerOptions } = readOptions("wrangler.toml");
    await writeFile(join(folder, bundleFiles.options), JSON.stringify(workerOptions));
    await writeFile(join(folder, bundleFiles.done), "");
  } catch (error) {
    await writeFile(join(folder, bundleFiles.done), String(error));
  }
}

/**
 * Bundles the tests' own app and the page once for all end-to-end files of a run, as `wrangler deploy` does, and reads `wrangler.toml`
 * once. Tests that need none run meanwhile: `startDev` waits for it.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unstable_getMiniflareWorkerOptions as readOptions } from "wrangler";
import { bundleFiles, bundleVariable } from "./bundle-files.ts";
import { bundledPage } from "./bundled-page.ts";

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
    await Promise.all([promisify(execFile)("npx", args), writePage(folder)]);
    const { workerOptions } = readOptions("wrangler.toml");
    const { assets: given } = workerOptions as { assets?: object };
    const assets = { ...given, directory: join(folder, bundleFiles.assets) };
    await writeFile(join(folder, bundleFiles.options), JSON.stringify({ ...workerOptions, assets }));
    await writeFile(join(folder, bundleFiles.done), "");
  } catch (error) {
    await writeFile(join(folder, bundleFiles.done), String(error));
  }
}

/** The page's files, in a folder of the run's own: those of the checkout are written anew by each wrangler that starts in it, also while they are served, and half a script is a page that does nothing. */
async function writePage(folder: string): Promise<void> {
  for (const [path, { body }] of await bundledPage()) {
    const file = join(folder, bundleFiles.assets, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, body);
  }
}

/** Installs the packages of a folder that the project itself does not install, with `npm ci`, unless those of its lock file are installed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** `what`: the packages, in words, with their size. `flags`: for `npm ci`, besides the usual ones. */
export async function installApart(folder: string, what: string, flags: readonly string[] = []): Promise<void> {
  /** Says which lock file is installed; `npm ci` removes it with the folder. Times would not do: a checkout changes them. */
  const stamp = join(folder, "node_modules/.installed-lock");
  const lock = createHash("sha256")
    .update(await readFile(join(folder, "package-lock.json")))
    .digest("hex");
  if ((await readFile(stamp, "utf8").catch(() => "")) === lock) return;
  console.log(`Installing ${what} …`);
  // Without scripts: no package runs anything before a check or a bench does. Their peer warnings are known.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", ...flags];
  const child = spawn("npm", args, { cwd: folder, stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`npm ci in ${folder} ended with ${code}`);
  await writeFile(stamp, lock);
}

/** Installs the clients' packages with `npm ci`, unless those of this lock file are installed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const here = import.meta.dirname;
/** Says which lock file is installed; `npm ci` removes it with the folder. Times would not do: a checkout changes them. */
const stamp = join(here, "node_modules/.installed-lock");

export async function install(): Promise<void> {
  const lock = createHash("sha256")
    .update(await readFile(join(here, "package-lock.json")))
    .digest("hex");
  if ((await readFile(stamp, "utf8").catch(() => "")) === lock) return;
  console.log("Installing the clients (1.8 GB) …");
  // Without scripts: no package of a client runs anything before its check does. Their peer warnings are known.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const child = spawn("npm", args, { cwd: here, stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`npm ci in test/clients ended with ${code}`);
  await writeFile(stamp, lock);
}

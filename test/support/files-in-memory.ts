/**
 * Where a run of the tests keeps its temporary files: in memory, where the system has a place for that with enough room. Objects sync
 * their files at each commit, and a disk is what the tests of real processes otherwise wait for. A folder that TMPDIR names stays.
 */
import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const memory = "/dev/shm";
/** In bytes: several times what a whole run writes. A container has 64 MB there unless it was asked for more. */
const leastFree = 4 * 2 ** 30;

/** For the configuration of the runner, whose processes inherit it. The folder is removed when the runner ends. */
export function keepFilesInMemory(): void {
  if (process.env.TMPDIR !== undefined || !existsSync(memory)) return;
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize < leastFree) return;
  const folder = mkdtempSync(join(memory, "longline-tests-"));
  process.env.TMPDIR = folder;
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}

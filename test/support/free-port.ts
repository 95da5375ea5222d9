/** Ports for servers of tests that are started by their number. Below those that the system gives to outgoing connections, of which a run has thousands: one of them could take the port before its server does, or while it is restarted. */
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const first = 16_384;
const many = 16_384;
/** A file for each port that was given out, with the process it was given to. */
const given = join(tmpdir(), "longline-ports");

/** A port on which nothing listens now, and that no other test of the run gets: its server may start, and start again, much later. */
export async function freePort(): Promise<number> {
  mkdirSync(given, { recursive: true });
  for (;;) {
    const port = first + Math.floor(Math.random() * many);
    if (!isClaimed(port)) continue;
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** Whether it is this process's now. That of a process that has ended is given out again. */
function isClaimed(port: number): boolean {
  const file = join(given, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (isRunning(Number(readFileSync(file, "utf8")))) return false;
    writeFileSync(file, String(process.pid));
    return true;
  }
}

function isRunning(pid: number): boolean {
  try {
    // An empty file is being written by its process.
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}

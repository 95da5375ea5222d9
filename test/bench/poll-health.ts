/**
 * Calls `/health` again and again in a thread of its own, so that what it measures is the server, not the client that sends
 * megabytes. On any message it stops, and answers how long each call took, in ms, less the time for which the server or this
 * thread was ready to run and the machine ran other processes (`schedstat`; Linux alone has it).
 */
import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

const { url, pid } = workerData as { url: string; pid: number };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const tookMs: number[] = [];
let isOver = false;
parentPort?.once("message", () => {
  isOver = true;
});

/** How long both threads have waited for a processor since they began, in ms. */
function delayMs(): number {
  return [`/proc/${pid}/task/${pid}/schedstat`, "/proc/thread-self/schedstat"].reduce((sum, file) => {
    try {
      return sum + Number(readFileSync(file, "utf8").split(" ")[1]) / 1e6;
    } catch {
      return sum;
    }
  }, 0);
}

function callOnce(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const delayedMs = delayMs();
  const began = performance.now();
  get(url, { agent }, (incoming) => {
    incoming.resume();
    incoming.on("end", () => resolve(Math.max(0, performance.now() - began - (delayMs() - delayedMs))));
  }).on("error", reject);
  return promise;
}

// The first call opens the connection.
await callOnce();
parentPort?.postMessage("ready");
while (!isOver) {
  tookMs.push(await callOnce());
  await pause(2);
}
parentPort?.postMessage(tookMs);
agent.destroy();

/** Calls `/health` again and again in a thread of its own, so that what it measures is the server, not the client that sends megabytes. `workerData` is the address; on any message it stops, and answers how long each call took, in ms. */
import { Agent, get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const tookMs: number[] = [];
let isOver = false;
parentPort?.once("message", () => {
  isOver = true;
});

function callOnce(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const began = performance.now();
  get(String(workerData), { agent }, (incoming) => {
    incoming.resume();
    incoming.on("end", () => resolve(performance.now() - began));
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

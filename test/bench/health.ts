/** `npm run bench -- health`: how long `/health` takes while the worst inputs are read, one after another and 20 at once. Starts the Worker in raw workerd with its storage in memory. Asserts nothing. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { Workerd } from "../soak/harness/workerd.ts";
import { freePort } from "../support/free-port.ts";
import { type WorstInput, worstInputs } from "./worst-inputs.ts";

const here = dirname(fileURLToPath(import.meta.url));
const atOnce = 20;
/** Goals of the project: `/health` while the worst is in flight, and any one input alone, in ms. */
const goals = { healthMs: 50, heldMs: 200 };
/** What else is measured 20 times at once: those that took longest before large bodies had places in time. */
const timesTwenty = [
  "chat: 120 tools of 250 properties",
  "import: 8 MB in one entry",
  "chat: 8 MB in 50 messages",
  "chat: 8 MB in one message before the last",
];
/** Rounds of each mix: the machine may have other work, so the best of them counts, and all are printed. */
const rounds = 3;
/** The databases are in memory where that is possible: waiting for a disk is no work of the Worker's, and a deployment does not wait so. */
const dataFolder = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
/** Time for a turn that was begun to end before the next input is measured. */
const settleMs = 300;

type Report = (what: string, figure: string) => void;
interface Answer {
  status: number;
  tookMs: number;
}

/** A request that only needs to be sent: making the body takes time, too. */
function prepared(url: string, { method, path, type = "application/json", headers, body }: WorstInput) {
  const id = crypto.randomUUID();
  const bytes = Buffer.from(body(id));
  const all = { Authorization: "Bearer soak-key", "Content-Type": type, Prefer: "wait=20", ...headers };
  const options = { method, headers: { ...all, "Content-Length": String(bytes.length) } };
  return () => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const began = performance.now();
    const outgoing = request(`${url}${path(id)}`, options, async (incoming) => {
      for await (const _ of incoming);
      resolve({ status: incoming.statusCode ?? 0, tookMs: performance.now() - began });
    });
    outgoing.on("error", reject);
    outgoing.end(bytes);
    return promise;
  };
}

/** How long each call of `/health` took until `work` had ended. */
async function healthDuring<T>({ url, pid }: Workerd, work: () => Promise<T>): Promise<{ tookMs: number[]; value: T }> {
  const poller = new Worker(join(here, "poll-health.ts"), { workerData: { url: `${url}/health`, pid } });
  await once(poller, "message");
  const value = await work();
  poller.postMessage("stop");
  const [tookMs] = (await once(poller, "message")) as [number[]];
  return { tookMs: tookMs.toSorted((a, b) => a - b), value };
}

const at = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
const ms = (value: number) => `${value.toFixed(0)} ms`;
const spread = (sorted: number[]) =>
  `median ${ms(at(sorted, 0.5))}, p95 ${ms(at(sorted, 0.95))}, max ${ms(at(sorted, 1))}`;

/** Answers whatever it is asked with one word, as a provider does. */
async function serveModel(): Promise<{ url: string; close(): void }> {
  const frame = (choice: object) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`;
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    incoming.on("end", () => {
      outgoing.writeHead(200, { "Content-Type": "text/event-stream" });
      outgoing.end(
        `${frame({ delta: { content: "Yes." } })}${frame({ delta: {}, finish_reason: "stop" })}data: [DONE]\n\n`,
      );
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, close: () => server.close() };
}

async function plainWorker(): Promise<string> {
  const result = await build({
    entryPoints: [join(here, "plain-entry.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  });
  return result.outputFiles[0]?.text ?? "";
}

async function measure(workerd: Workerd, report: Report): Promise<void> {
  const only = process.argv[3];
  const inputs = only === undefined ? worstInputs : worstInputs.filter(({ name }) => name.includes(only));
  const idle = await healthDuring(workerd, () => new Promise((resolve) => setTimeout(resolve, 500)));
  report("/health with nothing else to do", spread(idle.tookMs));
  const held: { input: WorstInput; heldMs: number }[] = [];
  for (const input of inputs) {
    // The first time pays for compiling.
    await prepared(workerd.url, input)();
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const { tookMs, value } = await healthDuring(workerd, prepared(workerd.url, input));
    const heldMs = at(tookMs, 1);
    held.push({ input, heldMs });
    const isOver = heldMs > goals.heldMs ? "  OVER" : "";
    report(input.name, `answered ${value.status} after ${ms(value.tookMs)}; /health at most ${ms(heldMs)}${isOver}`);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
  }
  const worst = held.toSorted((a, b) => b.heldMs - a.heldMs).map(({ input }) => input);
  const mixes: [string, WorstInput[]][] = [
    [`the ${atOnce} worst of them at once`, worst.slice(0, atOnce)],
    ...worst
      .filter(({ name }) => only !== undefined || timesTwenty.includes(name))
      .map((input): [string, WorstInput[]] => [`${atOnce} times ${input.name}`, Array(atOnce).fill(input)]),
  ];
  for (const [name, mix] of mixes) await measureMix(workerd, report, { name, mix });
}

async function measureMix(
  workerd: Workerd,
  report: Report,
  { name, mix }: { name: string; mix: WorstInput[] },
): Promise<void> {
  const bestMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const sends = mix.map((input) => prepared(workerd.url, input));
    const load = loadavg()[0]?.toFixed(1);
    const { tookMs } = await healthDuring(workerd, () => Promise.all(sends.map((send) => send())));
    report(`/health during ${name} (${tookMs.length} calls, load ${load})`, spread(tookMs));
    bestMs.push(at(tookMs, 1));
    await new Promise((resolve) => setTimeout(resolve, 3 * settleMs));
  }
  const best = Math.min(...bestMs);
  report(`  the best of them (goal ${goals.healthMs} ms)`, `max ${ms(best)}${best > goals.healthMs ? "  OVER" : ""}`);
}

/** `npm run bench -- health [part of a name]`. */
export async function benchHealth(report: Report): Promise<void> {
  const folder = await mkdtemp(join(dataFolder, "longline-health-"));
  const model = await serveModel();
  const setup = { folder, script: await plainWorker(), port: await freePort(), harnessUrl: model.url };
  const workerd = new Workerd(setup);
  await workerd.prepare();
  await workerd.start();
  try {
    await measure(workerd, report);
  } finally {
    await workerd.kill();
    model.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Starts the Worker and ends it again. For end-to-end tests: a real process, workerd and SQLite. Where a run of tests has bundled
 * their app (`bundle-once.ts`), that is served, in a third of the time; else, and for a test of the command itself, it is `npm run dev`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { bundleFiles, bundleVariable } from "./bundle-files.ts";
import { freePort } from "./free-port.ts";
import type { Served } from "./worker-process.ts";

export interface DevServer {
  url: string;
  /** Of the process that was started: npm's where it is a command. */
  pid: number;
  /** Everything it printed so far. */
  logs(): string;
  /** Ends it, and waits until it is gone. Its data stays until `forget`. */
  stop(): Promise<void>;
  /** SIGKILL to it and its children, as a power cut would. */
  kill(): Promise<void>;
}

export interface DevOptions {
  vars?: Record<string, string>;
  /** Where its data lives; a fresh folder when absent. */
  persistTo?: string;
  /** A free one when absent. */
  port?: number;
  /** The checkout that is started; this one when absent. */
  folder?: string;
  /** The Worker that is started: the tests' own app, the one of src/app, as a user has it, or another file. */
  app?: "tests" | "users" | `${string}.ts`;
  /** `npm run dev` itself, as the README says. */
  command?: boolean;
  /** A Worker's one module, bundled already: it is served in place of the tests' app. */
  script?: string;
}

/** How long a start may take before it counts as failed. */
const startLimitMs = 100_000;
/** How long the tests' app may take to be bundled. */
const bundleLimitMs = 100_000;

/** Resolves once `/health` answers; rejects with the log when the server dies or does not come up. */
export async function startDev(asked: DevOptions = {}): Promise<DevServer> {
  const { vars = {}, persistTo, port: wanted, folder, app = "tests", command = false, script } = asked;
  const port = wanted ?? (await freePort());
  const data = persistTo ?? (await freshFolder());
  const isBundled = !command && folder === undefined && app === "tests";
  const bundle = isBundled ? await bundled() : undefined;
  const child =
    bundle === undefined
      ? runCommand({ app, folder, port, data, vars })
      : serveBundle(bundle, { port, data, vars, ...(script !== undefined && { script }) });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (bytes) => (log += stripVTControlCharacters(String(bytes))));
  const end = (signal: NodeJS.Signals) => endGroup(child, signal);
  const url = `http://127.0.0.1:${port}`;
  const fault = await startFault(`${url}/health`, child, () => log);
  if (fault !== undefined) {
    // Not at once: what it complains about is in its log to the end.
    await end("SIGTERM");
    if (persistTo === undefined) await rm(data, { recursive: true, force: true });
    throw new Error(`${fault}:\n${log}`);
  }
  return {
    url,
    pid: child.pid ?? 0,
    logs: () => log,
    stop: async () => {
      await end("SIGTERM");
      if (persistTo === undefined) await rm(data, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
  };
}

interface Place {
  port: number;
  data: string;
  vars: Record<string, string>;
  script?: string;
}

/** In a group of its own, so that its children can be ended with it. */
function runCommand({ app, folder, port, data, vars }: Place & { app: string; folder: string | undefined }) {
  const named = Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const options = [
    "--port",
    String(port),
    // Behind an option with one value: right after `--var` of the script it would be taken for another variable.
    ...(app === "tests" ? ["test/app/worker.ts"] : app === "users" ? [] : [app]),
    // 0: the inspector finds a port of its own, so that two starts at once cannot take the same.
    "--inspector-port",
    "0",
    // Else wrangler reads the developer's own .dev.vars, and the tests would call a real provider with a real key.
    "--env-file",
    "/dev/null",
    "--persist-to",
    data,
    ...named,
  ];
  const env = { ...process.env, CI: "true", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_LOG_PATH: data };
  return spawn("npm", ["run", "dev", "--", ...options], {
    ...(folder !== undefined && { cwd: folder }),
    detached: true,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function serveBundle(folder: string, { data, ...place }: Place) {
  const options = JSON.parse(readFileSync(join(folder, bundleFiles.options), "utf8"));
  // Where `wrangler dev` has it, so that the command can go on with it.
  const served: Served = { script: join(folder, bundleFiles.script), ...place, options, data: join(data, "v3") };
  const args = ["--no-warnings", join(import.meta.dirname, "worker-process.ts"), JSON.stringify(served)];
  return spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

/** The folder of the run's bundle, once it is whole; `undefined` where the run makes none. */
async function bundled(): Promise<string | undefined> {
  const folder = process.env[bundleVariable];
  if (folder === undefined) return undefined;
  const done = join(folder, bundleFiles.done);
  for (const deadline = Date.now() + bundleLimitMs; !existsSync(done); await pause(50))
    if (Date.now() > deadline) throw new Error(`The tests' app was not bundled within ${bundleLimitMs} ms.`);
  const fault = readFileSync(done, "utf8");
  if (fault !== "") throw new Error(`The tests' app cannot be bundled: ${fault}`);
  return folder;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "longline-"));
}

/** Why it did not start; `undefined` once it answers. */
async function startFault(url: string, child: ChildProcess, log: () => string): Promise<string | undefined> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) return "The Worker ended by itself";
    // A wrong setting does not end wrangler, which waits for a better file; the complaint is in its log.
    if (/Longline cannot start/.test(log())) return "The Worker does not start";
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return undefined;
    await pause(100);
  }
  return `The Worker did not answer within ${startLimitMs} ms`;
}

async function endGroup(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined) return;
  const gone = child.exitCode === null && child.signalCode === null ? once(child, "close") : Promise.resolve();
  const send = (how: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), how);
    } catch {
      // The group is gone already.
    }
  };
  send(signal);
  const hurry = setTimeout(() => send("SIGKILL"), 5_000);
  await gone;
  clearTimeout(hurry);
  send("SIGKILL");
}

/** `fetch`, tried again where wrangler's proxy loses a request by itself (workers-sdk #15317, #14641): 503 or a dropped socket. */
export async function reach(url: string, init: RequestInit = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, init).catch((error: unknown) => error);
    if (answer instanceof Response && answer.status !== 503) return answer;
    if (attempt === 3 || init.signal?.aborted) {
      if (answer instanceof Response) return answer;
      throw answer;
    }
  }
}

/** `npm run clients`: starts the Worker and a scripted model, runs every foreign client against them, and prints who can do what. Exit code 1 when a check failed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installApart } from "../support/install-apart.ts";
import { startDev } from "../support/wrangler-dev.ts";
import { type Aspect, aspects, type Client, type Outcome, outcomeMark } from "./aspects.ts";
import { serveScript } from "./serve-script.ts";

const here = import.meta.dirname;
const usage = `npm run clients -- [NAME...] [--only ASPECT,...] [--verbose] [--wire] [--folder CHECKOUT]
NAME is a file of test/clients/clients without .ts; ASPECT one of ${aspects.join(", ")}. --verbose shows what clients print, --wire their requests and answers,
too; --folder starts the Worker of another checkout.`;
/** Most time for one client, all its aspects together. */
const clientLimitMs = 120_000;
/** How many clients run at once. */
const width = 2;

const headings = { FAIL: "Failed:", client: "Broken by the client itself:", "n/a": "Not in the client:" };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    verbose: { type: "boolean" },
    wire: { type: "boolean" },
    folder: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const all = (await readdir(join(here, "clients"))).map((file) => file.replace(/\.ts$/, "")).sort();
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No client is named ${unknown.join(" or ")}. There are: ${all.join(", ")}.\n${usage}`);
  process.exit(2);
}
const names = positionals.length > 0 ? positionals : all;
const only = (values.only?.split(",") ?? aspects) as Aspect[];
await installApart(here, "the clients (1.8 GB)");
const home = await mkdtemp(join(tmpdir(), "longline-clients-"));
const script = await serveScript();
const key = "clients-test-key";
const model = "deepseek-v3.2-exp";
const dev = await startDev({
  vars: { MODEL_BASE_URL: script.modelUrl, MODEL: model, API_KEY: key, MODEL_RETRIES: "0" },
  ...(values.folder !== undefined && { folder: values.folder }),
});
const running = new Set<ChildProcess>();
const waiting = [...names];
const stop = () => {
  waiting.length = 0;
  for (const child of running) endGroup(child);
};
process.once("SIGINT", stop);
const results = new Map<string, Outcome[]>();
try {
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      results.set(name, await outcomesOf(name));
  };
  await Promise.all(Array.from({ length: width }, work));
} finally {
  stop();
  await dev.stop();
  await script.close();
  await rm(home, { recursive: true, force: true });
}
await report();

/** What a client's process may see: no account of the developer, no telemetry, and no way out but loopback. */
function environmentFor(folder: string): NodeJS.ProcessEnv {
  const nowhere = "http://127.0.0.1:9";
  return {
    PATH: `${join(here, "node_modules/.bin")}:${process.env.PATH}`,
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, "config"),
    XDG_CACHE_HOME: join(folder, "cache"),
    XDG_DATA_HOME: join(folder, "data"),
    TMPDIR: folder,
    CI: "true",
    NO_COLOR: "1",
    // The preload refuses what Node opens; the proxy, what other programs do.
    NODE_OPTIONS: `--import=${join(here, "only-loopback.ts")} --no-warnings`,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    ALL_PROXY: nowhere,
    NO_PROXY: "127.0.0.1,localhost,::1",
    DO_NOT_TRACK: "1",
    DISABLE_TELEMETRY: "1",
    OTEL_SDK_DISABLED: "true",
    OPENAI_AGENTS_DISABLE_TRACING: "1",
    MASTRA_TELEMETRY_DISABLED: "1",
    COPILOTKIT_TELEMETRY_DISABLED: "true",
    GENKIT_ENV: "prod",
    LANGCHAIN_TRACING_V2: "false",
    LANGSMITH_TRACING: "false",
    QWEN_TELEMETRY_ENABLED: "false",
    ANONYMIZED_TELEMETRY: "false",
    ...(values.wire && { WIRE: "true" }),
    LONGLINE_URL: dev.url,
    LONGLINE_KEY: key,
    LONGLINE_MODEL: model,
    SEEN_URL: script.seenUrl,
    CLIENT_FOLDER: folder,
  };
}

async function outcomesOf(name: string): Promise<Outcome[]> {
  const folder = join(home, name);
  await mkdir(folder);
  const child = spawn(process.execPath, [join(here, "run-client.ts"), name, only.join(",")], {
    cwd: here,
    env: environmentFor(folder),
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const timer = setTimeout(() => endGroup(child), clientLimitMs);
  const outcomes: Outcome[] = [];
  let log = "";
  let rest = "";
  child.stderr.on("data", (bytes) => (log += bytes));
  child.stdout.on("data", (bytes) => {
    const lines = `${rest}${bytes}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith(outcomeMark)) outcomes.push(JSON.parse(line.slice(outcomeMark.length)) as Outcome);
      else if (line !== "") log += `${line}\n`;
    }
  });
  await once(child, "close");
  clearTimeout(timer);
  endGroup(child);
  running.delete(child);
  const failed = outcomes.filter(({ state }) => state === "FAIL").length;
  const missing = only.filter((aspect) => !outcomes.some((each) => each.aspect === aspect));
  console.log(`${name}: ${outcomes.length - failed} of ${only.length} without a fault`);
  if ((values.verbose || values.wire) && log !== "") console.log(log.replace(/^/gm, "    "));
  const note = `the client's process ended before this check: ${log.trim().slice(-300)}`;
  return [...outcomes, ...missing.map((aspect): Outcome => ({ aspect, state: "FAIL", note, ms: 0 }))];
}

function endGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), "SIGKILL");
  } catch {
    // It has ended already.
  }
}

async function report(): Promise<void> {
  const rows = await Promise.all(
    names.map(async (name) => {
      const { client } = (await import(join(here, "clients", `${name}.ts`)).catch(() => ({}))) as { client?: Client };
      const versions = await Promise.all((client?.packages ?? []).slice(0, 1).map(versionOf));
      return [name, versions[0] ?? "?", ...only.map((aspect) => outcomeOf(name, aspect)?.state ?? "?")];
    }),
  );
  const table = [["client", "version", ...only], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  console.log(`\n${table.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")).join("\n")}\n`);
  for (const state of ["FAIL", "client", "n/a"] as const) listNotes(state);
  const failures = [...results.values()].flat().filter(({ state }) => state === "FAIL").length;
  const whole = [...results.values()].filter((each) => each.every(({ state }) => state !== "FAIL")).length;
  console.log(`${whole} of ${names.length} clients without a fault of ours; ${failures} checks failed.`);
  process.exitCode = failures > 0 ? 1 : 0;
}

function outcomeOf(name: string, aspect: Aspect): Outcome | undefined {
  return results.get(name)?.find((each) => each.aspect === aspect);
}

/** A cause that several aspects of a client share is printed once. */
function listNotes(state: keyof typeof headings): void {
  const lines = names.flatMap((name) => {
    const found = (results.get(name) ?? []).filter((each) => each.state === state);
    const byNote = Map.groupBy(found, ({ note }) => note);
    return [...byNote].map(([note, same]) => `- ${name} ${same.map(({ aspect }) => aspect).join(", ")}: ${note}`);
  });
  if (lines.length > 0) console.log(`${headings[state]}\n${lines.join("\n")}\n`);
}

async function versionOf(name: string): Promise<string> {
  const manifest = await readFile(join(here, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

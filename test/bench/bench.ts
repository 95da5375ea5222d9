/**
 * `npm run bench`: Longline beside a bare pipe and the sketch, in raw workerd, with a fake provider and a load client in processes of their own. Asserts nothing.
 * `npm run bench -- latency relay --rounds 5 --json file.json` runs these sections alone; `--peers` installs the peers of `test/bench/peers` and runs them, too;
 * `--export` adds a Longline that sends its traces and metrics to a collector, to the sections latency and relay;
 * `npm run bench -- core` the core in Node, `npm run bench -- health` how long the worst inputs hold the Worker, `npm run bench -- startup` what its evaluation takes,
 * `npm run bench -- profile` where the CPU of turns goes.
 * A machine's own speed says nothing, so read the ratios to the sketch, and the CPU times before the wall times.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort } from "../support/free-port.ts";
import { installApart } from "../support/install-apart.ts";
import { benchHealth } from "./health.ts";
import type { Measured, Run } from "./load.ts";
import { plain, type Row } from "./measure.ts";
import { peers } from "./peer-ways.ts";
import { profileTurns } from "./profile.ts";
import { type About, documentText, table } from "./report.ts";
import { sections } from "./sections.ts";
import { benchStartup } from "./startup.ts";
import { Subject, type SubjectSetup } from "./subject.ts";
import { benchTurns } from "./turns.ts";
import { apiKey, chatWay, nativeWay, pipeWay, sketchWay, type Way } from "./ways.ts";

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(here, "../../.wrangler/bench");

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    json: { type: "string", default: join(folder, "bench.json") },
    text: { type: "string", default: join(folder, "bench.md") },
    ways: { type: "string" },
    peers: { type: "boolean", default: false },
    export: { type: "boolean", default: false },
    tokens: { type: "string", default: String(plain.tokens) },
    "per-write": { type: "string", default: String(plain.perWrite) },
  },
});

async function startUpstream(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [join(here, "upstream.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return { child, url: `http://127.0.0.1:${String(port).trim()}/v1` };
}

type Runs = (port: number) => SubjectSetup["runs"];

async function startSubject(name: string, runs: Runs, inspectorPort?: number): Promise<Subject> {
  const port = await freePort();
  const at = { folder: join(folder, name.replace(/\W+/g, "-")), port };
  const subject = new Subject({ name, ...at, runs: runs(port), ...(inspectorPort !== undefined && { inspectorPort }) });
  await subject.prepare();
  subjects.push(subject);
  await subject.start();
  return subject;
}

/** Those that were started; they end with the bench. */
const subjects: Subject[] = [];

const objects = { SESSIONS: "Session", ACCOUNTS: "Account" };

/** What the subjects of `subjects/` are made of. */
function ownRuns(
  name: string,
  upstream: string,
  of: { objects: Record<string, string>; vars?: Record<string, string> },
): Runs {
  const vars = { MODEL_BASE_URL: upstream, MODEL_API_KEY: "model-key", API_KEY: apiKey, ...of.vars };
  return () => ({ kind: "workerd", entry: join(here, "subjects", `${name}.ts`), vars, objects: of.objects });
}

/** Each subject in a process of its own; one way or two to each. */
async function startWays(upstream: string): Promise<Way[]> {
  const own = (name: string, objects: Record<string, string>, vars: Record<string, string> = {}) =>
    startSubject(name, ownRuns(name, upstream, { objects, vars }));
  const longline = await own("longline", objects);
  const ways = [
    pipeWay(await own("pipe", {})),
    sketchWay(await own("sketch", { CHATS: "Chat" })),
    nativeWay(longline),
    chatWay(longline),
  ];
  for (const name of ["starter", "native-alone"])
    ways.push({ ...nativeWay(await own(name, objects)), name, only: ["start"] });
  if (options.export) {
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: upstream.replace(/v1$/, "otlp") };
    const exporting = nativeWay(await own("exporting", objects, collector));
    ways.push({ ...exporting, name: "native, exporting", only: ["latency", "relay"] });
  }
  if (!options.peers) return ways;
  await installApart(join(here, "peers"), "the peers (92 MB)", ["--legacy-peer-deps"]);
  for (const { name, runs, way } of peers)
    ways.push(way(await startSubject(name, (port) => runs(upstream, port)), upstream));
  return ways;
}

/** Sends one run after another through the load client. */
function sender(load: ChildProcess): (run: Run) => Promise<Measured> {
  return async (run) => {
    load.send(run);
    const [measured] = (await once(load, "message")) as [Measured];
    return measured;
  };
}

function wantedSections(): string[] {
  const wanted = positionals.length > 0 ? positionals : Object.keys(sections);
  const unknown = wanted.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length === 0) return wanted;
  const all = Object.keys(sections).join(", ");
  throw new Error(`No section is ${unknown.join(", ")}. There are ${all}, core, health, profile, startup and turns.`);
}

async function run(): Promise<void> {
  const wanted = wantedSections();
  await mkdir(folder, { recursive: true });
  const upstream = await startUpstream();
  const load = fork(join(here, "load.ts"));
  const rows: Row[] = [];
  const before = loadavg();
  try {
    const all = await startWays(upstream.url);
    const names = options.ways?.split(",") ?? all.map(({ name }) => name);
    const ways = all.filter(({ name }) => names.includes(name));
    const common = { rounds: Number(options.rounds), send: sender(load), upstream: upstream.url };
    for (const name of wanted) {
      const world = { ...common, ways: ways.filter(({ only }) => only?.includes(name) ?? true) };
      // What other sections found is not lost with one that fails.
      const failed = (error: unknown) => {
        process.exitCode = 1;
        console.error(name, error);
        return [];
      };
      rows.push(...((await sections[name]?.(world).catch(failed)) ?? []));
      console.error(`${name} is over`);
    }
  } finally {
    for (const subject of subjects) await subject.stop();
    upstream.child.kill();
    load.disconnect();
  }
  const about: About = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    load: { before, after: loadavg() },
    rounds: Number(options.rounds),
    bytes: Object.fromEntries(subjects.map(({ name, bytes }) => [name, bytes])),
  };
  await writeFile(options.json, JSON.stringify({ about, rows }, null, 1));
  await writeFile(options.text, documentText(about, rows));
  console.log(
    `${table(rows)}\n\nIn brackets: the ratio to the sketch. ${loadText(about)} JSON: ${options.json}. Text: ${options.text}`,
  );
}

/** Prints where the CPU of warm turns goes, of the sketch and of Longline. */
async function profile(): Promise<void> {
  const upstream = await startUpstream();
  const load = fork(join(here, "load.ts"));
  const plan = { ...plain, tokens: Number(options.tokens), perWrite: Number(options["per-write"]) };
  const started = async (name: string, way: (subject: Subject) => Way, objects: Record<string, string>) => {
    const inspectorPort = await freePort();
    const subject = await startSubject(name, ownRuns(name, upstream.url, { objects }), inspectorPort);
    console.log(await profileTurns(way(subject), { inspectorPort, send: sender(load), plan }));
  };
  try {
    await started("sketch", sketchWay, { CHATS: "Chat" });
    await started("longline", nativeWay, objects);
  } finally {
    for (const subject of subjects) await subject.stop();
    upstream.child.kill();
    load.disconnect();
  }
}

const loadText = ({ load: { before, after } }: About) =>
  `Load of the machine before and after: ${before[0]?.toFixed(1)}, ${after[0]?.toFixed(1)}.`;
const report = (what: string, figure: string) => console.log(`${what.padEnd(86)} ${figure}`);

if (positionals[0] === "core") await import("./core.ts");
else if (positionals[0] === "profile") await profile();
else if (positionals[0] === "turns") benchTurns();
else if (positionals[0] === "health") await benchHealth(report);
else if (positionals[0] === "startup") await benchStartup(report);
else await run();

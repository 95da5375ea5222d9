/**
 * `npm run bench`: Longline beside a bare pipe and the sketch, in raw workerd, with a fake provider and a load client in processes of their own. Asserts nothing.
 * `npm run bench -- latency relay --rounds 5 --json file.json` runs these sections alone; `npm run bench -- core` the core in Node, `npm run bench -- health` how long the worst inputs hold the Worker.
 * A machine's own speed says nothing, so read the ratios to the sketch, and the CPU times before the wall times.
 */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort } from "../soak/harness/workerd.ts";
import { benchHealth } from "./health.ts";
import type { Measured, Run } from "./load.ts";
import { type Row, sections } from "./sections.ts";
import { Subject } from "./subject.ts";
import { apiKey, type Subjects, waysOf } from "./ways.ts";

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(here, "../../.wrangler/bench");

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    json: { type: "string", default: join(folder, "bench.json") },
    ways: { type: "string", default: "pipe,sketch,native,chat" },
  },
});

async function startUpstream(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [join(here, "upstream.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return { child, url: `http://127.0.0.1:${String(port).trim()}/v1` };
}

async function startSubjects(upstream: string): Promise<Subjects> {
  const make = async (name: string, objects: Record<string, string>) => {
    const subject = new Subject({
      name,
      entry: join(here, "subjects", `${name}.ts`),
      folder: join(folder, name),
      port: await freePort(),
      vars: { MODEL_BASE_URL: upstream, MODEL_API_KEY: "model-key", API_KEY: apiKey },
      objects,
    });
    await subject.prepare();
    await subject.start();
    return subject;
  };
  return {
    pipe: await make("pipe", {}),
    sketch: await make("sketch", { CHATS: "Chat" }),
    longline: await make("longline", { SESSIONS: "Session", ACCOUNTS: "Account" }),
  };
}

/** Sends one run after another through the load client. */
function sender(load: ChildProcess): (run: Run) => Promise<Measured> {
  return async (run) => {
    load.send(run);
    const [measured] = (await once(load, "message")) as [Measured];
    return measured;
  };
}

const figure = (value: number) => (value >= 1_000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));

function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const cells = rows.map(({ section, measure, values }) => {
    const { sketch } = values;
    const each = names.map((name) => {
      const value = values[name];
      if (value === undefined) return "-";
      const ratio = sketch === undefined || name === "sketch" ? "" : ` (${(value / sketch).toFixed(2)} x)`;
      return `${figure(value)}${ratio}`;
    });
    return `| ${section}: ${measure} | ${each.join(" | ")} |`;
  });
  return [`| | ${names.join(" | ")} |`, `|---|${names.map(() => "---").join("|")}|`, ...cells].join("\n");
}

async function run(): Promise<void> {
  const wanted = positionals.length > 0 ? positionals : Object.keys(sections);
  const unknown = wanted.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length > 0)
    throw new Error(
      `No section is ${unknown.join(", ")}. There are ${Object.keys(sections).join(", ")}, core and health.`,
    );
  await mkdir(folder, { recursive: true });
  const upstream = await startUpstream();
  const load = fork(join(here, "load.ts"));
  const subjects = await startSubjects(upstream.url);
  const rows: Row[] = [];
  const loadBefore = loadavg();
  try {
    const ways = waysOf(subjects).filter(({ name }) => options.ways.split(",").includes(name));
    const world = { ways, rounds: Number(options.rounds), send: sender(load), upstream: upstream.url };
    for (const name of wanted) {
      rows.push(...((await sections[name]?.(world)) ?? []));
      console.error(`${name} is done`);
    }
  } finally {
    for (const subject of Object.values(subjects)) await subject.stop();
    upstream.child.kill();
    load.disconnect();
  }
  const bytes = Object.fromEntries(Object.values(subjects).map((subject) => [subject.name, subject.bytes]));
  const about = {
    node: process.version,
    load: { before: loadBefore, after: loadavg() },
    rounds: options.rounds,
    bytes,
  };
  await writeFile(options.json, JSON.stringify({ about, rows }, null, 1));
  console.log(table(rows));
  console.log(
    `\nIn brackets: the ratio to the sketch. Load of the machine before and after: ${loadBefore[0]?.toFixed(1)}, ${loadavg()[0]?.toFixed(1)}. JSON: ${options.json}`,
  );
}

const report = (what: string, figure: string) => console.log(`${what.padEnd(86)} ${figure}`);

if (positionals[0] === "core") await import("./core.ts");
else if (positionals[0] === "health") await benchHealth(report);
else await run();

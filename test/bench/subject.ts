/** One subject of a bench: its Worker, built once, in a raw workerd of its own, and what the kernel says that it has used. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";

const { default: binary } = createRequire(import.meta.url)("workerd") as { default: string };
/** Ticks of a second in `/proc/<pid>/stat` (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

export interface SubjectSetup {
  name: string;
  /** The Worker's module. */
  entry: string;
  folder: string;
  port: number;
  vars: Record<string, string>;
  /** Durable Object classes by their binding. */
  objects: Record<string, string>;
}

export class Subject {
  readonly name: string;
  readonly url: string;
  /** Bytes of the built module. */
  bytes = 0;
  readonly #setup: SubjectSetup;
  #child: ChildProcess | undefined;

  constructor(setup: SubjectSetup) {
    this.#setup = setup;
    this.name = setup.name;
    this.url = `http://127.0.0.1:${setup.port}`;
  }

  async prepare(): Promise<void> {
    const { folder, entry } = this.#setup;
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, "data"), { recursive: true });
    const outfile = join(folder, "worker.js");
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*"],
      logLevel: "error",
    });
    this.bytes = (await readFile(outfile)).length;
    await writeFile(join(folder, "workerd.capnp"), configuration(this.#setup));
  }

  async start(): Promise<void> {
    const file = join(this.#setup.folder, "workerd.capnp");
    const child = spawn(binary, ["serve", "--experimental", "--control-fd=3", file], {
      stdio: ["ignore", "ignore", process.env.BENCH_LOG === undefined ? "ignore" : "inherit", "pipe"],
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const control = child.stdio[3] as Readable;
    control.on("data", (bytes) => /"listen"/.test(String(bytes)) && resolve());
    control.on("error", () => {});
    child.on("exit", () => reject(new Error(`${this.name} ended before it listened; BENCH_LOG=1 shows why`)));
    await promise;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** What the process has used of the CPU, user and system, in ms; steps of 10 ms. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#child?.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  }

  /** Resident memory in KB. */
  async memoryKb(): Promise<number> {
    const status = await readFile(`/proc/${this.#child?.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
}

function configuration({ folder, port, vars, objects }: SubjectSetup): string {
  const texts = Object.entries(vars).map(([name, text]) => `(name = "${name}", text = "${text}")`);
  const bindings = Object.entries(objects).map(([name, of]) => `(name = "${name}", durableObjectNamespace = "${of}")`);
  const classes = Object.values(objects).map(
    (of) => `(className = "${of}", uniqueKey = "bench-${of}", enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-10-01",
      compatibilityFlags = ["enable_request_signal"],
      bindings = [${[...texts, ...bindings].join(", ")}],
      durableObjectNamespaces = [${classes.join(", ")}],
      durableObjectStorage = (localDisk = "disk")
    )),
    (name = "internet", network = (allow = ["local"])),
    (name = "disk", disk = (path = ${JSON.stringify(join(folder, "data"))}, writable = true))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
`;
}

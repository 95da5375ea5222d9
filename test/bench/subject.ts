/** One subject of a bench: its Worker, built once, in a raw workerd of its own (or its program, in Node), and what the kernel says that it has used. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build, type Plugin } from "esbuild";

const { default: binary } = createRequire(import.meta.url)("workerd") as { default: string };

export interface SubjectSetup {
  name: string;
  folder: string;
  port: number;
  runs: WorkerSetup | NodeSetup;
  /** Where workerd's inspector listens; then the module is not minified, so that a profile has names. */
  inspectorPort?: number;
}

export interface WorkerSetup {
  kind: "workerd";
  /** The Worker's module. */
  entry: string;
  vars: Record<string, string>;
  /** Durable Object classes by their binding. */
  objects: Record<string, string>;
}

export interface NodeSetup {
  kind: "node";
  /** Of Node, its script among them. */
  args: readonly string[];
}

export class Subject {
  readonly name: string;
  readonly url: string;
  /** Bytes of the built module; 0 for a program of Node. */
  bytes = 0;
  readonly #setup: SubjectSetup;
  #child: ChildProcess | undefined;

  constructor(setup: SubjectSetup) {
    this.#setup = setup;
    this.name = setup.name;
    this.url = `http://127.0.0.1:${setup.port}`;
  }

  /** The built module. */
  get modulePath(): string {
    return join(this.#setup.folder, "worker.js");
  }

  async prepare(): Promise<void> {
    const { folder, port, runs, inspectorPort } = this.#setup;
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, "data"), { recursive: true });
    if (runs.kind === "node") return;
    const outfile = this.modulePath;
    await build({
      entryPoints: [runs.entry],
      outfile,
      bundle: true,
      minify: inspectorPort === undefined,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:workers", "cloudflare:sockets", "cloudflare:workflows"],
      plugins: [builtins],
      logLevel: "error",
    });
    this.bytes = (await readFile(outfile)).length;
    await writeFile(join(folder, "workerd.capnp"), configuration(runs, { folder, port }));
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    const { folder, port, runs, inspectorPort } = this.#setup;
    const inspector = inspectorPort === undefined ? [] : [`--inspector-addr=127.0.0.1:${inspectorPort}`];
    const [program, args] =
      runs.kind === "node"
        ? [process.execPath, runs.args]
        : [binary, ["serve", "--experimental", "--control-fd=3", ...inspector, join(folder, "workerd.capnp")]];
    const log = process.env.BENCH_LOG === undefined ? "ignore" : "inherit";
    const child = spawn(program, args, { stdio: ["ignore", "ignore", log, "pipe"] });
    this.#child = child;
    const early = once(child, "exit").then(() => {
      throw new Error(`${this.name} ended before it listened; BENCH_LOG=1 shows why`);
    });
    await Promise.race([runs.kind === "node" ? connected(port) : saidListening(child), early]);
    // Its later end is no failure.
    early.catch(() => {});
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** What the process's threads have used of the CPU, user and system, in ms. The scheduler counts nanoseconds; `stat` only hundredths of a second. */
  async cpuMs(): Promise<number> {
    const tasks = `/proc/${this.#child?.pid}/task`;
    const used = (await readdir(tasks)).map(async (task) => {
      const schedule = await readFile(join(tasks, task, "schedstat"), "utf8").catch(() => "0");
      return Number(schedule.split(" ")[0]);
    });
    return (await Promise.all(used)).reduce((sum, ns) => sum + ns, 0) / 1e6;
  }

  /** Resident memory in KB. */
  async memoryKb(): Promise<number> {
    const status = await readFile(`/proc/${this.#child?.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
}

/** Node's modules as workerd has them: by `node:` names, and never by `require`, which it does not have. */
const builtins: Plugin = {
  name: "builtins",
  setup(to) {
    to.onResolve({ filter: /^[\w:/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.startsWith("node:") ? path : `node:${path}`;
      return kind === "require-call" ? { path: name, namespace: "required" } : { path: name, external: true };
    });
    // Raw workerd has no mail, which a peer imports and the bench does not send.
    to.onResolve({ filter: /^cloudflare:email$/ }, ({ path }) => ({ path, namespace: "mail" }));
    to.onLoad({ filter: /.*/, namespace: "mail" }, () => ({ contents: "export class EmailMessage {}" }));
    to.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `export * from "${path}"; export { default } from "${path}";`,
    }));
  },
};

function saidListening(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const control = child.stdio[3] as Readable;
  control.on("data", (bytes) => /"listen"/.test(String(bytes)) && resolve());
  control.on("error", () => {});
  return promise;
}

async function connected(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function configuration({ vars, objects }: WorkerSetup, at: { folder: string; port: number }): string {
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
    (name = "disk", disk = (path = ${JSON.stringify(join(at.folder, "data"))}, writable = true))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${at.port}", http = (), service = "main")]
);
`;
}

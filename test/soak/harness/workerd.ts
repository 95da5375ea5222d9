/** Runs the built Worker in raw workerd with its storage on disk, and kills it by its own process id. Knows nothing of what the Worker does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** The executable itself: the package's own command is a script around it, and a kill would end only that. */
const { default: binary } = createRequire(import.meta.url)("workerd") as { default: string };
/** How long a start may take. */
const startLimitMs = 100_000;

export interface WorkerdSetup {
  /** Folder for the configuration and the data. */
  folder: string;
  script: string;
  port: number;
  /** Where the Worker finds the harness. */
  harnessUrl: string;
  /** Of what the Worker's doubles do by chance; 1 when absent. */
  seed?: number;
}

/** One workerd after another over the same data. */
export class Workerd {
  readonly url: string;
  /** Where the objects' databases are. */
  readonly data: string;
  readonly #setup: WorkerdSetup;
  #child: ChildProcess | undefined;
  #log = "";

  constructor(setup: WorkerdSetup) {
    this.#setup = setup;
    this.url = `http://127.0.0.1:${setup.port}`;
    this.data = join(setup.folder, "data");
  }

  /** What it printed last. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Writes the Worker and its configuration. */
  async prepare(): Promise<void> {
    await mkdir(this.data, { recursive: true });
    await writeFile(join(this.#setup.folder, "worker.js"), this.#setup.script);
    await writeFile(join(this.#setup.folder, "workerd.capnp"), configuration(this.#setup));
  }

  /** Resolves once it listens. */
  async start(): Promise<void> {
    const { folder } = this.#setup;
    const child = spawn(binary, ["serve", "--experimental", "--control-fd=3", join(folder, "workerd.capnp")], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (bytes) => (this.#log = (this.#log + String(bytes)).slice(-20_000)));
    await listening(child, () => this.#log);
  }

  /** SIGKILL, and until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

async function listening(child: ChildProcess, log: () => string): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>();
  const control = child.stdio[3] as Readable;
  control.on("data", (bytes) => /"listen"/.test(String(bytes)) && done());
  control.on("error", () => {});
  child.on("error", reject);
  child.on("exit", () => reject(new Error(`workerd ended before it listened:\n${log()}`)));
  const timer = setTimeout(() => reject(new Error(`workerd does not listen:\n${log()}`)), startLimitMs);
  await promise.finally(() => clearTimeout(timer));
}

function configuration({ folder, port, harnessUrl, seed = 1 }: WorkerdSetup): string {
  const vars = {
    API_KEY: "soak-key",
    HARNESS_URL: harnessUrl,
    MODEL_BASE_URL: `${harnessUrl}/v1`,
    MODEL_API_KEY: "model-key",
    MODEL_RETRY_BASE_MS: "10",
    SEED: String(seed),
  };
  const texts = Object.entries(vars).map(([name, text]) => `(name = "${name}", text = "${text}")`);
  const spaces = Object.entries({ SESSIONS: "Session", ACCOUNTS: "Account" });
  const bindings = spaces.map(([name, of]) => `(name = "${name}", durableObjectNamespace = "${of}")`);
  const classes = spaces.map(([, name]) => `(className = "${name}", uniqueKey = "soak-${name}", enableSql = true)`);
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

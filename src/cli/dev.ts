/** `longline dev`: runs the project's own `wrangler dev`, and starts it again at the next edit where a wrong agent ended it. Leaves no process when it is ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, type FSWatcher, readdirSync, readFileSync, watch } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "./usage.ts";

/** A shell between npm and this process may end without passing the signal on; this process then gets another parent. */
const parentLookMs = 500;
/** An editor writes a file in several steps. */
const editMs = 200;
/** A mistake ends wrangler within this time of the edit that made it. */
const failMs = 10_000;
/** How long wrangler has for its own end. */
const endMs = 5_000;

/** `given`: options of `wrangler dev`. */
export async function dev(given: string[]): Promise<void> {
  const command = wranglerOf(process.cwd());
  let child: ChildProcess | undefined;
  const stopped = new AbortController();
  const stop = () => {
    stopped.abort();
    end(child);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  const parent = process.ppid;
  const look = setInterval(() => process.ppid !== parent && stop(), parentLookMs);
  look.unref();
  const edits = new Edits(process.cwd());
  stopped.signal.addEventListener("abort", () => edits.close(), { once: true });
  while (!stopped.signal.aborted) {
    child = spawn(process.execPath, [command, "dev", "--var", "DEV:true", ...given], { stdio: "inherit" });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code === 0 || code === null || stopped.signal.aborted) break;
    console.error(
      "\nwrangler dev ended: see the error above. It starts again when a file of the project is saved. Ctrl-C ends.\n",
    );
    await edits.next(Date.now());
  }
  edits.close();
  clearInterval(look);
}

/** The command of the project's wrangler. Throws a `Usage` when there is none. */
function wranglerOf(folder: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const own = join(at, "node_modules/wrangler");
    if (existsSync(join(own, "package.json"))) {
      const { bin } = JSON.parse(readFileSync(join(own, "package.json"), "utf8")) as { bin: { wrangler: string } };
      return join(own, bin.wrangler);
    }
    if (dirname(at) === at) throw new UsageError("There is no wrangler here. Run npm install in the project first.");
  }
}

function end(child: ChildProcess | undefined): void {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), endMs).unref();
}

/** Saves of files that a person edits: the project's own files, settings included, and its folders. */
export class Edits {
  readonly #watchers: FSWatcher[];
  /** When files were saved; saves right after one another are one edit. Ms since 1970. */
  #times: number[] = [];
  #waiting: (() => void) | undefined;

  constructor(folder: string) {
    const isOwn = (name: string) => !/^(node_modules|\.git|\.wrangler|dist)$/.test(name);
    const folders = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isOwn(entry.name) && !entry.name.startsWith("."))
      .map(({ name }) => join(folder, name));
    this.#watchers = [
      watch(folder, (_, name) => (name === null || isOwn(name)) && this.saved(Date.now())),
      ...folders.map((each) => watch(each, { recursive: true }, () => this.saved(Date.now()))),
    ];
  }

  saved(nowMs: number): void {
    if (nowMs - (this.#times.at(-1) ?? 0) > editMs) this.#times = [...this.#times.slice(-1), nowMs];
    if (this.#waiting) setTimeout(this.#waiting, editMs);
  }

  /** Resolves at the next edit; at once where the mistake that ended wrangler at `endedMs` was edited before wrangler was gone. */
  async next(endedMs: number): Promise<void> {
    const [mistake = 0, fix = 0] = this.#times;
    this.#times = [];
    if (mistake > endedMs - failMs && fix > mistake) return;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
    this.#waiting = undefined;
    this.#times = [];
  }

  /** Ends the wait, too. */
  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#waiting?.();
  }
}

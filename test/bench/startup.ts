/** `npm run bench -- startup`: what the start of three apps takes of the CPU in Node, each time in a process of its own: compiling the bundle, and evaluating it. */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import { median } from "./measure.ts";

const folder = resolve(import.meta.dirname, "../../.wrangler/bench/startup");
const runs = 7;

/** What is evaluated needs no more of the runtime than this. */
const runtime: Plugin = {
  name: "runtime",
  setup(to) {
    to.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "runtime" }));
    to.onLoad({ filter: /.*/, namespace: "runtime" }, () => ({
      contents: "export const env = {}; export class DurableObject {} export class RpcTarget {}",
    }));
  },
};

/** Apps of `subjects/`, in words. */
const apps = [
  ["longline", "every door and channel"],
  ["starter", "what a project begins with"],
  ["native-alone", "the native door alone"],
] as const;

export async function benchStartup(report: (what: string, figure: string) => void): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, what] of apps) {
    const { bytes, compileMs, evaluateMs } = await benchApp(name);
    report(`${what}: bytes of the bundle`, bytes.toLocaleString("en"));
    report(`${what}: compiling it, CPU, median`, `${compileMs.toFixed(1)} ms`);
    report(`${what}: evaluating it, CPU, median`, `${evaluateMs.toFixed(1)} ms`);
  }
}

async function benchApp(name: string): Promise<Evaluated & { bytes: number }> {
  const outfile = join(folder, `${name}.js`);
  await build({
    entryPoints: [join(import.meta.dirname, `subjects/${name}.ts`)],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*"],
    plugins: [runtime],
    logLevel: "error",
  });
  const all: Evaluated[] = [];
  for (let n = 0; n < runs; n++) all.push(await evaluated(outfile));
  return {
    bytes: (await readFile(outfile)).length,
    compileMs: median(all.map(({ compileMs }) => compileMs)),
    evaluateMs: median(all.map(({ evaluateMs }) => evaluateMs)),
  };
}

export interface Evaluated {
  compileMs: number;
  evaluateMs: number;
}

async function evaluated(bundle: string): Promise<Evaluated> {
  const args = ["--experimental-vm-modules", "--no-warnings", join(import.meta.dirname, "evaluate.ts"), bundle];
  const { stderr } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as Evaluated;
}

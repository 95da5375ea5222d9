/** `npm run bench -- startup`: what the start of the Worker takes of the CPU in Node, each time in a process of its own: compiling the bundle, and evaluating it. */
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

export async function benchStartup(report: (what: string, figure: string) => void): Promise<void> {
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, "worker.js");
  await build({
    entryPoints: [join(import.meta.dirname, "subjects/longline.ts")],
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
  const ms = (figures: number[]) => `${median(figures).toFixed(1)} ms`;
  report("bytes of the bundle, every door and channel in it", (await readFile(outfile)).length.toLocaleString("en"));
  report("compiling it, CPU, median", ms(all.map(({ compileMs }) => compileMs)));
  report("evaluating it, CPU, median", ms(all.map(({ evaluateMs }) => evaluateMs)));
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

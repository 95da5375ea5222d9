/** Builds the Worker of a soak once: the product's sources with the soak's agent, its shims, shorter timers and perhaps a planted bug. */
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Bug } from "../bugs.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const seams = join(root, "test/soak/seams");

/** A file of `seams/`, and the module that it replaces. */
type Seam = Pick<Bug, "name" | "module">;

/** Timers too long for a soak. What they time stays as it is. */
const shorter: readonly Seam[] = [
  { name: "short-watchdog", module: "src/session/store/heartbeat.ts" },
  { name: "short-heartbeat", module: "src/http/sse.ts" },
  { name: "short-export-retries", module: "src/session/store/owed-telemetry.ts" },
];

/** The Worker as one module's text. Throws when it imports none of the modules that are to be replaced. */
export async function buildWorker(bug?: Seam): Promise<string> {
  // A bug in a module with a shorter timer brings that along.
  const replaced = new Map([...shorter, ...(bug === undefined ? [] : [bug])].map(({ name, module }) => [module, name]));
  const used = new Set<string>();
  const result = await build({
    entryPoints: [join(root, "test/soak/entry.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [withSeams(replaced, used)],
    logLevel: "silent",
  });
  const missed = [...replaced.keys()].filter((module) => !used.has(module));
  if (missed.length > 0) throw new Error(`No file of the Worker imports ${missed.join(", ")}.`);
  return result.outputFiles[0]?.text ?? "";
}

/** Imports of a replaced module get the seam's file; the seam itself gets the module. */
function withSeams(replaced: ReadonlyMap<string, string>, used: Set<string>): Plugin {
  return {
    name: "soak",
    setup({ onResolve }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
        const module = relative(root, join(resolveDir, path)).replaceAll("\\", "/");
        const name = replaced.get(module);
        if (name === undefined || resolveDir === seams) return undefined;
        used.add(module);
        return { path: join(seams, `${name}.ts`) };
      });
    },
  };
}

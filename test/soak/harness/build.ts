/** Builds the Worker of a soak once: the product's sources with the soak's agent, its shims, shorter timers and perhaps a planted bug. */
import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Edit } from "../bugs.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Timers too long for a soak. What they time stays as it is. */
const shorter: readonly Edit[] = [
  { file: "src/session/store/heartbeat.ts", find: "const watchdogMs = 10_000;", replace: "const watchdogMs = 2_000;" },
  { file: "src/http/sse.ts", find: "heartbeatMs = 15_000", replace: "heartbeatMs = 150" },
  {
    file: "src/session/deliver/session-exporter.ts",
    find: "const retryMs = [5_000, 30_000, 120_000,",
    replace: "const retryMs = [300, 1_000, 3_000, 5_000, 5_000, 5_000, 5_000, 5_000,",
  },
];

/** The Worker as one module's text. Throws when an edit's place is not there exactly once. */
export async function buildWorker(edits: readonly Edit[]): Promise<string> {
  const all = [...shorter, ...edits];
  const done = new Set<Edit>();
  const result = await build({
    entryPoints: [join(root, "test/soak/entry.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [withEdits(all, done)],
    logLevel: "silent",
  });
  const missed = all.filter((edit) => !done.has(edit));
  if (missed.length > 0) throw new Error(`No file of the Worker is ${missed.map(({ file }) => file).join(", ")}.`);
  return result.outputFiles[0]?.text ?? "";
}

function withEdits(edits: readonly Edit[], done: Set<Edit>): Plugin {
  return {
    name: "soak",
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
        const file = relative(root, path).replaceAll("\\", "/");
        const mine = edits.filter((edit) => edit.file === file);
        if (mine.length === 0) return undefined;
        let contents = await readFile(path, "utf8");
        for (const edit of mine) {
          contents = edited(contents, edit);
          done.add(edit);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}

/** `text` with the edit's place replaced. Throws unless the place occurs exactly once. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${file} holds ${parts.length - 1} times, instead of once:\n${find}\nAdapt test/soak/bugs.ts to it.`,
    );
  }
  return parts.join(replace);
}

/** Makes `dist/` for `npm pack`: the public faces for Node, their types, the command, and the page. The Worker is bundled from `src/` by the user's own wrangler. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

const inTree = (path: string) => resolve(import.meta.dirname, "../..", path);

rmSync(inTree("dist"), { recursive: true, force: true });

await build({
  absWorkingDir: inTree("."),
  entryPoints: ["src/index.ts", "src/client.ts", "src/test.ts", "src/cli/longline.ts"].map(inTree),
  entryNames: "[name]",
  outdir: inTree("dist"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  alias: { "cloudflare:workers": inTree("src/test-kit/no-workers.ts") },
  logLevel: "warning",
});

await build({
  absWorkingDir: inTree("."),
  entryPoints: ["src/playground/app.tsx", "src/playground/app.css"].map(inTree),
  outdir: inTree("dist/page/playground"),
  bundle: true,
  splitting: true,
  format: "esm",
  chunkNames: "[name]",
  minify: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "hono/jsx/dom",
  logLevel: "warning",
});

execFileSync("npx", ["--no-install", "tsc", "-p", inTree("src/cli")], { stdio: "inherit" });

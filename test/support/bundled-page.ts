/** The page's files as the build of wrangler.toml makes them, made once for each process. */
import { build } from "esbuild";

interface PageFile {
  body: string;
  contentType: string;
}

type PageFiles = ReadonlyMap<string, PageFile>;

const made: { small?: Promise<PageFiles>; named?: Promise<PageFiles> } = {};

/** By their paths, such as `/playground/app.js`. `named`: with the names of the functions, which a profiler counts by. */
export function bundledPage(kind: "small" | "named" = "small"): Promise<PageFiles> {
  made[kind] ??= bundle(kind === "small");
  return made[kind];
}

async function bundle(minify: boolean): Promise<PageFiles> {
  const { outputFiles } = await build({
    entryPoints: ["src/playground/app.tsx", "src/playground/app.css"],
    outdir: "/playground",
    write: false,
    ...{ bundle: true, splitting: true, format: "esm", chunkNames: "[name]", minify, target: "es2022" },
    ...{ jsx: "automatic", jsxImportSource: "hono/jsx/dom" },
  });
  return new Map(
    outputFiles.map(({ path, text }) => {
      const contentType = path.endsWith(".css") ? "text/css" : "text/javascript";
      return [path, { body: text, contentType }] as const;
    }),
  );
}

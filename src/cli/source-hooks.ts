/** Lets Node load an app from this checkout, where the library is not built: its names lead to `src/`. Does nothing in the packed command, which is bundled. */
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const sources: Record<string, string> = {
  longline: "index.ts",
  "longline/client": "client.ts",
  "longline/test": "test.ts",
  "cloudflare:workers": "test-kit/no-workers.ts",
};

let isDone = false;

/** Safe to call again. */
export function hookSources(): void {
  if (isDone || !import.meta.url.endsWith("/cli/source-hooks.ts")) return;
  isDone = true;
  nodeModule.registerHooks?.({
    resolve(specifier, context, next) {
      const source = sources[specifier];
      if (source === undefined) return next(specifier, context);
      return { url: pathToFileURL(join(import.meta.dirname, "..", source)).href, shortCircuit: true };
    },
    load(url, context, next) {
      if (!url.endsWith(".json") || context.importAttributes.type !== undefined) return next(url, context);
      // As bundlers have it: without an attribute, each field is an export.
      const fields = JSON.parse(readFileSync(fileURLToPath(url), "utf8")) as Record<string, unknown>;
      const names = Object.keys(fields).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
      const source = names.map((name) => `export const ${name} = ${JSON.stringify(fields[name])};`).join("\n");
      return { format: "module", source, shortCircuit: true };
    },
  });
}

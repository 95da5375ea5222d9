/** A process that serves a Worker which was bundled before, in Miniflare, which `wrangler dev` runs as well: `node worker-process.ts JSON`. It prints what the Worker logs, and ends at SIGTERM. */
import { dirname } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";

/** What to serve. */
export interface Served {
  /** The one module of the bundle. */
  script: string;
  /** Of `wrangler.toml`, as `unstable_getMiniflareWorkerOptions` reads them. */
  options: object;
  vars: Record<string, string>;
  port: number;
  /** Where its data is. */
  data: string;
}

async function serve({ script, options, vars, port, data }: Served): Promise<void> {
  const given = options as { bindings?: object };
  const worker = {
    ...options,
    name: "longline",
    modules: [{ type: "ESModule" as const, path: script }],
    modulesRoot: dirname(script),
    bindings: { ...given.bindings, ...vars, DEV: "true" },
  };
  const log = new Log(LogLevel.ERROR);
  const server = new Miniflare(
    convertV4MiniflareOptions({
      workers: [worker],
      host: "127.0.0.1",
      port,
      resourcePersistencePath: data,
      cf: false,
      log,
    }),
  );
  process.once("SIGTERM", () => server.dispose().finally(() => process.exit(0)));
  await server.ready;
}

await serve(JSON.parse(process.argv[2] ?? "") as Served);

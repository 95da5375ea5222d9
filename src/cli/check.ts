/** `longline check`: whether a project's Worker and its wrangler configuration fit together. Loads the Worker in Node, and runs nothing of it. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Usage } from "./usage.ts";

/** What is read of a wrangler configuration. */
export interface WranglerConfig {
  main?: string | undefined;
  triggers?: { crons?: readonly string[] | undefined };
  durable_objects?: { bindings: readonly { name: string; class_name: string }[] };
  kv_namespaces?: readonly { binding: string }[];
  ratelimits?: readonly { name: string }[];
}

/** What is read of the Worker's module. */
export interface WorkerModule {
  default?: { crons?: readonly string[] };
  Session?: unknown;
  Account?: unknown;
}

export async function check(given: string[]): Promise<void> {
  const { values } = parseArgs({ args: given, options: { config: { type: "string" } } });
  const path = values.config ?? ["wrangler.toml", "wrangler.jsonc", "wrangler.json"].find((each) => existsSync(each));
  if (path === undefined)
    throw new Usage("There is no wrangler.toml here. Run it in the project, or name it: --config FILE");
  // The project's own wrangler: it reads its file as a deploy would.
  const { unstable_readConfig } = await import("wrangler");
  const config: WranglerConfig = unstable_readConfig({ config: path });
  if (config.main === undefined)
    throw new Usage(`${path} has no main: name the Worker's file, such as "src/worker.ts".`);
  const worker = (await import(pathToFileURL(resolve(config.main)).href)) as WorkerModule;
  const faults = projectFaults(config, worker);
  if (faults.length > 0) throw new Usage(`${path} and ${config.main} do not fit together:\n${faults.join("\n")}`);
  console.log(`${path} and ${config.main} fit together.`);
}

/** What is missing or too much, each with what to do; none when both fit. */
export function projectFaults(config: WranglerConfig, worker: WorkerModule): string[] {
  const needed = worker.default?.crons ?? [];
  const listed = config.triggers?.crons ?? [];
  const isBound = (name: string, className: string) =>
    config.durable_objects?.bindings.some((each) => each.name === name && each.class_name === className) ?? false;
  const missing = needed.filter((cron) => !listed.includes(cron));
  const all = JSON.stringify([...new Set([...listed, ...needed])]);
  return [
    ...(worker.default?.crons === undefined
      ? ["- The Worker's default export is no app: export default longline({ … })."]
      : []),
    ...(missing.length > 0 ? [`- A schedule's cron is not there: put crons = ${all} under [triggers].`] : []),
    ...listed
      .filter((cron) => !needed.includes(cron))
      .map((cron) => `- No schedule has the cron "${cron}": remove it.`),
    ...(["Session", "Account"] as const)
      .filter((name) => worker[name] === undefined)
      .map((name) => `- The Worker does not export ${name}: export const { Session, Account } = app;`),
    ...(
      [
        ["SESSIONS", "Session"],
        ["ACCOUNTS", "Account"],
      ] as const
    )
      .filter(([name, className]) => !isBound(name, className))
      .map(
        ([name, className]) => `- The Durable Object ${className} is not bound as ${name} (durable_objects.bindings).`,
      ),
    ...(config.kv_namespaces?.some(({ binding }) => binding === "PREFIXES")
      ? []
      : ["- There is no KV namespace PREFIXES."]),
    ...(config.ratelimits?.some(({ name }) => name === "RATE_LIMIT") ? [] : ["- There is no rate limit RATE_LIMIT."]),
  ];
}

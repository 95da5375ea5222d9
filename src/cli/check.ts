/** `longline check`: whether a project's Worker and its wrangler configuration fit together. Loads the Worker in Node, and runs nothing of it. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { UsageError } from "./usage.ts";

/** What is read of a wrangler configuration. */
export interface WranglerConfig {
  main?: string | undefined;
  triggers?: { crons?: readonly string[] | undefined };
  durable_objects?: { bindings: readonly { name: string; class_name: string }[] };
  kv_namespaces?: readonly { binding: string }[];
  ratelimits?: readonly { name: string }[];
}

type ReadConfig = WranglerConfig & { definedEnvironments?: string[] | undefined };

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
    throw new UsageError("There is no wrangler.toml here. Run it in the project, or name it: --config FILE");
  // The project's own wrangler: it reads its file as a deploy would.
  const { unstable_readConfig } = await import("wrangler");
  const read = (env?: string): ReadConfig => unstable_readConfig({ config: path, env }, { hideWarnings: true });
  const top = read();
  const workers = new Map<string, WorkerModule>();
  const lines: string[] = [];
  // An environment inherits no binding: each is deployed with what is written under it.
  for (const env of [undefined, ...(top.definedEnvironments ?? [])]) {
    const { main, ...config } = env === undefined ? top : read(env);
    const where = env === undefined ? path : `${path} [env.${env}]`;
    if (main === undefined)
      throw new UsageError(`${where} has no main: name the Worker's file, such as "src/worker.ts".`);
    const worker = workers.get(main) ?? ((await import(pathToFileURL(resolve(main)).href)) as WorkerModule);
    workers.set(main, worker);
    const faults = projectFaults(config, worker, env);
    if (faults.length > 0) lines.push(`${where} and ${main} do not fit together:`, ...faults);
    else console.log(`${where} and ${main} fit together.`);
  }
  if (lines.length > 0) throw new UsageError(lines.join("\n"));
}

/** What is missing or too much, each with what to do; none when both fit. `env`: name of the environment, where it is one. */
export function projectFaults(config: WranglerConfig, worker: WorkerModule, env?: string): string[] {
  const table = (name: string) => (env === undefined ? name : `env.${env}.${name}`);
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
    ...(missing.length > 0
      ? [`- A schedule's cron is not there: put crons = ${all} under [${table("triggers")}].`]
      : []),
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
        ([name, className]) =>
          `- The Durable Object ${className} is not bound as ${name} (${table("durable_objects.bindings")}).`,
      ),
    ...(config.kv_namespaces?.some(({ binding }) => binding === "PREFIXES")
      ? []
      : [`- There is no KV namespace PREFIXES (${table("kv_namespaces")}).`]),
    ...(config.ratelimits?.some(({ name }) => name === "RATE_LIMIT")
      ? []
      : [`- There is no rate limit RATE_LIMIT (${table("ratelimits")}).`]),
  ];
}

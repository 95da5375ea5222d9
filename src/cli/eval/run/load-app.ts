/** Loads a project's Worker in Node, and gives its agents, its settings and its models. Starts nothing, and answers no request. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Agent } from "../../../agent/agent.ts";
import type { App } from "../../../agent/app.ts";
import { appOf } from "../../../longline.ts";
import { env } from "../../../test-kit/no-workers.ts";
import { loadModule } from "../../load-module.ts";
import { UsageError } from "../../usage.ts";
import { localVariables } from "../local-variables.ts";

/** `secrets`: what `.dev.vars` and the environment have, for tools that really run. */
export interface LoadedApp {
  app: App;
  secrets: Readonly<Record<string, string>>;
}

/** `worker`: path of the module that exports the app. Throws a `UsageError` when there is none. */
export async function loadApp(worker: string): Promise<LoadedApp> {
  const path = resolve(worker);
  if (!existsSync(path)) throw new UsageError(`There is no ${worker}. Name the Worker's file: --worker src/worker.ts`);
  const variables = localVariables();
  Object.assign(env, variables);
  // They are read while the app is made, and belong to no other.
  const module = await loadModule(path).finally(() => {
    for (const name of Object.keys(variables)) Reflect.deleteProperty(env, name);
  });
  const app = typeof module.default === "object" && module.default !== null ? appOf(module.default) : undefined;
  if (app === undefined)
    throw new UsageError(
      `The default export of ${worker} is no app of this longline: export default longline({ … }), and run npx longline in the project.`,
    );
  return { app, secrets: variables };
}

/** The agent of that name, the default one when none is named. Throws a `UsageError` with the names that there are. */
export function agentOf({ agents }: App, name: string | undefined): Agent {
  const agent = name === undefined ? agents.first : agents.named(name);
  if (agent === undefined)
    throw new UsageError(`There is no agent "${name}". The agents are: ${agents.names.join(", ")}.`);
  return agent;
}

/** Where the Worker's file is: as wrangler's configuration says, or where `longline init` puts it. */
export function workerPath(given: string | undefined): string {
  if (given !== undefined) return given;
  const config = ["wrangler.toml", "wrangler.jsonc", "wrangler.json"].find((each) => existsSync(each));
  const text = config === undefined ? "" : readFileSync(config, "utf8");
  const main = /^\s*"?main"?\s*[=:]\s*"([^"]+)"/m.exec(text)?.[1];
  return main ?? "src/worker.ts";
}

/** WHAT is compared: each arm is one way to answer all cases, by agent, model, version and instructions. The first one is the baseline. Reads instruction files; runs nothing. */
import { readFileSync } from "node:fs";
import type { Agent } from "../../../agent/agent.ts";
import { contentOf, versionOf } from "../../../agent/version.ts";
import { createDemoFetch } from "../../../model/demo/demo-fetch.ts";
import { turnModels } from "../../../session/turn/turn-model.ts";
import { keptVersion, type VersionSourceAddress } from "../../kept-version.ts";
import { UsageError } from "../../usage.ts";
import type { EvalCase } from "../dataset/case.ts";
import { type CaseRunner, type ReachedModel, runInProcess } from "./in-process.ts";
import { agentOf, type LoadedApp } from "./load-app.ts";
import type { CaseOutcome } from "./result.ts";

/** `version` is the agent's, with the arm's instructions and model. */
export interface EvalArm {
  name: string;
  agent: string;
  version: string;
  model: string;
  /** Names of its tools. */
  tools: readonly string[];
  run(each: EvalCase): Promise<CaseOutcome>;
  /** What it runs with, where that is in this process. */
  runner?: CaseRunner;
}

/** Values of the options, each a list; none: the app's own. */
export interface ArmChoices {
  agents: readonly string[];
  models: readonly string[];
  versions: readonly string[];
  /** The Worker that keeps versions which are not the code's. */
  versionsFrom?: VersionSourceAddress | undefined;
  instructions: readonly string[];
}

/** What holds for all arms. */
export type ArmRules = Pick<CaseRunner, "liveTools" | "recordings">;

/** Throws a `UsageError` for what the app does not have. */
export async function localArms(loaded: LoadedApp, choices: ArmChoices, how: ArmRules): Promise<EvalArm[]> {
  const { agents, models, versions, instructions } = choices;
  const inVersions = await Promise.all(orNone(agents).flatMap((name) => agentVersions(loaded, name, choices)));
  const arms = inVersions.flatMap((agent) =>
    orNone(instructions).flatMap((file) =>
      orNone(models).map((model) => {
        const changed = withChanges(agent, { file, model });
        const version = versions.length > 1 ? agent.version : undefined;
        const parts = [agents.length > 1 ? agent.name : undefined, version, model, file];
        const name = parts.filter((part) => part !== undefined).join(" ") || agent.name;
        return armOf(loaded, { agent: changed, model, name, how });
      }),
    ),
  );
  return mustDiffer(arms);
}

/** The agent as it is in each version that was named; as it is in the code where none was. */
function agentVersions(loaded: LoadedApp, name: string | undefined, choices: ArmChoices): (Agent | Promise<Agent>)[] {
  const agent = agentOf(loaded.app, name);
  return orNone(choices.versions).map((version) =>
    version === undefined ? agent : keptVersion(agent, version, choices.versionsFrom),
  );
}

function orNone<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? [undefined] : values;
}

function withChanges(agent: Agent, { file, model }: { file: string | undefined; model: string | undefined }): Agent {
  const models =
    model === undefined ? agent.models : ([agent.models.find(({ id }) => id === model) ?? { id: model }] as const);
  const changed = { ...agent, models, instructions: file === undefined ? agent.instructions : readText(file) };
  return { ...changed, version: versionOf(contentOf(changed)) };
}

function readText(file: string): string {
  try {
    const text = readFileSync(file, "utf8").trim();
    if (text !== "") return text;
  } catch {
    throw new UsageError(`--instructions: ${file} cannot be read.`);
  }
  throw new UsageError(`--instructions: ${file} is empty.`);
}

function mustDiffer(arms: EvalArm[]): EvalArm[] {
  const twice = arms.find(({ name }, at) => arms.findIndex((other) => other.name === name) !== at);
  if (twice !== undefined)
    throw new UsageError(`"${twice.name}" is named twice: each arm is compared with the first one.`);
  return arms;
}

interface ArmMaking {
  agent: Agent;
  model: string | undefined;
  name: string;
  how: ArmRules;
}

function armOf(loaded: LoadedApp, { agent, model, name, how }: ArmMaking): EvalArm {
  const models = reachedModels(loaded, agent, model);
  const runner = { agent, models, secrets: loaded.secrets, liveFetch: fetch, ...how };
  return {
    name,
    agent: agent.name,
    version: agent.version,
    model: models[0].profile.id,
    tools: agent.tools.declarations.map(({ name }) => name),
    runner,
    run: (each) => runInProcess(each, runner),
  };
}

/** The models of an agent as the Worker would reach them; `demo` is the built-in one. `named`: that one alone. */
export function reachedModels(
  { app, secrets }: LoadedApp,
  agent: Agent,
  named: string | undefined,
): readonly [ReachedModel, ...ReachedModel[]] {
  const isDemo = app.settings.model.kind === "demo" || named === "demo";
  const settings = isDemo
    ? { ...app.settings, model: { kind: "demo" as const, fetch: createDemoFetch({ paceMs: 0 }) } }
    : app.settings;
  const situation = { settings, agent, bindings: secrets as never, sessionModel: null, sticky: null, chance: 0 };
  return turnModels({ ...situation, options: named === undefined || isDemo ? {} : { model: named } });
}

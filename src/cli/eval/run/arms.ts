/** WHAT is compared: each arm is one way to answer all cases, by agent, model, version and instructions. The first one is the baseline. Reads instruction files; runs nothing. */
import { readFileSync } from "node:fs";
import type { Agent } from "../../../agent/agent.ts";
import { contentOf, versionOf } from "../../../agent/version.ts";
import { createDemoFetch } from "../../../model/demo/demo-fetch.ts";
import { turnModels } from "../../../session/turn/turn-model.ts";
import { UsageError } from "../../usage.ts";
import type { EvalCase } from "../dataset/case.ts";
import { type ReachedModel, runInProcess } from "./in-process.ts";
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
}

/** Values of the options, each a list; none: the app's own. */
export interface ArmChoices {
  agents: readonly string[];
  models: readonly string[];
  versions: readonly string[];
  instructions: readonly string[];
}

/** Throws a `UsageError` for what the app does not have. */
export function localArms(loaded: LoadedApp, choices: ArmChoices, liveTools: boolean): EvalArm[] {
  const { agents, models, versions, instructions } = choices;
  const arms = orNone(agents).flatMap((name) => {
    const agent = agentOf(loaded.app, name);
    return ownVersions(agent, versions).flatMap(() =>
      orNone(instructions).flatMap((file) =>
        orNone(models).map((model) => {
          const changed = withChanges(agent, { file, model });
          const parts = [agents.length > 1 ? agent.name : undefined, model, file].filter((part) => part !== undefined);
          return armOf(loaded, { agent: changed, model, name: parts.join(" ") || agent.name, liveTools });
        }),
      ),
    );
  });
  return mustDiffer(arms);
}

function orNone<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? [undefined] : values;
}

/** The code has one version of an agent: that of its files. */
function ownVersions(agent: Agent, versions: readonly string[]): readonly unknown[] {
  const other = versions.find((version) => version !== agent.version);
  if (other !== undefined)
    throw new UsageError(
      `--version: this code has ${agent.version} of the agent ${agent.name}, and ${other} is another one. Compare with a kept baseline (--baseline NAME), or with --instructions FILE.`,
    );
  return [undefined];
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
  liveTools: boolean;
}

function armOf(loaded: LoadedApp, { agent, model, name, liveTools }: ArmMaking): EvalArm {
  const models = reachedModels(loaded, agent, model);
  const runner = { agent, models, secrets: loaded.secrets, liveTools, liveFetch: fetch };
  return {
    name,
    agent: agent.name,
    version: agent.version,
    model: models[0].profile.id,
    tools: agent.tools.declarations.map(({ name }) => name),
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

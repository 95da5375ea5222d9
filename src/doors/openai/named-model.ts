/** Models as clients of OpenAI's API name them: an agent's own ids, each with `-thinking` at its end where thinking can be switched on, `longline` for whichever the agent chooses, and agents by name. */
import type { Agent } from "../../agent/agent.ts";
import type { App } from "../../agent/app.ts";
import { AppError } from "../../core/errors.ts";
import type { Bindings } from "../../env.ts";
import type { Profile } from "../../model/profile.ts";
import { defaultModelId, modelIds, turnModels } from "../../session/turn/turn-model.ts";
import type { Caller } from "../caller.ts";

const thinkingSuffix = "-thinking";
/** By weight, and the next one where one fails; a model that is named is the only one. */
const agentsChoice = "longline";

/** A model, or the agent's choice, and, where its name says so, that it is to think. `agent`: where the name names one. */
export interface NamedModel {
  agent?: string;
  model?: string;
  thinking?: true;
}

interface Naming {
  app: Pick<App, "agents" | "settings">;
  bindings: Bindings;
  /** Ids of the models that the account may use; any when absent. */
  allowed?: readonly string[] | undefined;
}

/** The model of that name in a conversation with agent `own`; throws `model_not_found`, which lists what there is. */
export function namedModel(caller: Caller, name: string, own: Agent): NamedModel {
  const naming = namingOf(caller);
  const named = ownNames(naming, own).get(name) ?? agentNames(naming).get(name);
  if (named !== undefined) return named;
  const names = [...listedModels(caller, own).keys()].join(", ");
  throw new AppError("model_not_found", `There is no model "${name}". The models are: ${names}.`, { field: "model" });
}

/** All names the account may use, the first one is the one that answers by default. The only agent of an app needs no name. */
export function listedModels(caller: Caller, own: Agent): Map<string, NamedModel> {
  const naming = namingOf(caller);
  return new Map([...ownNames(naming, own), ...(caller.app.agents.all.length === 1 ? [] : agentNames(naming))]);
}

function namingOf(caller: Caller): Naming {
  return { app: caller.app, bindings: caller.bindings, allowed: caller.limits.models };
}

/** What names a model alone: it is one of the conversation's own agent. */
function ownNames(of: Naming, agent: Agent): Map<string, NamedModel> {
  return new Map([...modelsOf(of, agent), [agentsChoice, {}]]);
}

/** `support`, `support/model` and `support/model-thinking`, for each agent. */
function agentNames(of: Naming): Map<string, NamedModel> {
  return new Map(
    of.app.agents.all.flatMap((agent): [string, NamedModel][] => [
      [agent.name, { agent: agent.name }],
      ...[...modelsOf(of, agent)].map(([name, model]): [string, NamedModel] => {
        return [`${agent.name}/${name}`, { agent: agent.name, ...model }];
      }),
    ]),
  );
}

function modelsOf(of: Naming, agent: Agent): Map<string, NamedModel> {
  const ids = modelIds(of.app.settings, agent).filter((id) => of.allowed?.includes(id) ?? true);
  const thinking = ids
    .filter((id) => profileOf(of, agent, id).thinking.by !== "nothing")
    .map((id): [string, NamedModel] => [`${id}${thinkingSuffix}`, { model: id, thinking: true }]);
  return new Map([...ids.map((id): [string, NamedModel] => [id, { model: id }]), ...thinking]);
}

/**
 * Throws an Error when a name of an agent, or of one of its models, is also a model's own id, or `longline`: what clients
 * mean today by that id must not change. The only agent of an app is not named.
 */
export function mustBeDistinct(of: Naming): void {
  const { agents } = of.app;
  if (agents.all.length === 1) return;
  const ids = new Set(agents.all.flatMap((agent) => [...ownNames(of, agent).keys()]));
  const name = [...agentNames(of).keys()].find((each) => ids.has(each));
  if (name === undefined) return;
  const [agent] = name.split("/");
  throw new Error(
    `Longline cannot start: "${name}" would be both a name of the agent "${agent}" and the id of a model, and clients of OpenAI's API could not tell them apart. Rename the key of the agent.`,
  );
}

/** The id that is shown where no model is named. */
export function defaultModel(caller: Caller, agent: Agent): string {
  return defaultModelId(caller.app.settings, agent, caller.limits.models);
}

/** Whether a model, or the agent's first one, has levels of thinking. */
export function hasLevels(caller: Caller, agent: Agent, model?: string): boolean {
  return (profileOf(namingOf(caller), agent, model).thinkingLevels ?? []).length > 0;
}

function profileOf({ app: { settings }, bindings }: Naming, agent: Agent, model: string | undefined): Profile {
  const options = model === undefined ? {} : { model };
  return turnModels({ agent, settings, bindings, sessionModel: null, sticky: null, options, chance: 0 })[0].profile;
}

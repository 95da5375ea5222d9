/** Models as clients of OpenAI's API name them: the agent's own ids, each with `-thinking` behind it where thinking can be switched on, and `longline` for whichever the agent chooses. */
import type { Context } from "hono";
import { AppError } from "../core/errors.ts";
import type { Profile } from "../model/profile.ts";
import { defaultModelId, modelIds, turnModels } from "../session/turn-model.ts";
import { modelSetup } from "./allowed-models.ts";
import type { RouteContext } from "./context.ts";

const thinkingSuffix = "-thinking";
/** By weight, and the next one where one fails; a model that is named stands alone. */
const agentsChoice = "longline";

/** A model, or the agent's choice, and, where its name says so, that it is to think. */
export interface NamedModel {
  model?: string;
  thinking?: true;
}

/** The model of that name; throws `model_not_found`, which lists what there is. */
export function namedModel(c: Context<RouteContext>, name: string): NamedModel {
  const named = namedModels(c).get(name);
  if (named !== undefined) return named;
  const names = [...namedModels(c).keys()].join(", ");
  throw new AppError("model_not_found", `There is no model "${name}". The models are: ${names}.`, { field: "model" });
}

/** All names the account may use, the first one is the one that answers by default. */
export function namedModels(c: Context<RouteContext>): Map<string, NamedModel> {
  const { models } = c.var.limits;
  const ids = modelIds(c.var.settings, c.var.app.agents.first).filter((id) => models?.includes(id) ?? true);
  const thinking = ids
    .filter((id) => canThink(c, id))
    .map((id): [string, NamedModel] => {
      return [`${id}${thinkingSuffix}`, { model: id, thinking: true }];
    });
  return new Map([...ids.map((id): [string, NamedModel] => [id, { model: id }]), ...thinking, [agentsChoice, {}]]);
}

/** The id that is shown where no model is named. */
export function defaultModel(c: Context<RouteContext>): string {
  return defaultModelId(c.var.settings, c.var.app.agents.first, c.var.limits.models);
}

function canThink(c: Context<RouteContext>, model: string): boolean {
  return profileOf(c, model).thinking.by !== "nothing";
}

/** Whether a model, or the agent's first one, has levels of thinking. */
export function hasLevels(c: Context<RouteContext>, model?: string): boolean {
  return (profileOf(c, model).thinkingLevels ?? []).length > 0;
}

function profileOf(c: Context<RouteContext>, model: string | undefined): Profile {
  const options = model === undefined ? {} : { model };
  const of = { ...modelSetup(c), sessionModel: null, sticky: null, options, chance: 0 };
  return turnModels(of)[0].profile;
}

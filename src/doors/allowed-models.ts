/** Holds an account to its list of models before anything is stored. The session checks again when the turn runs, since limits change. */
import type { TurnOptions } from "../core/entry.ts";
import type { SessionChoices } from "../session/store/session-record.ts";
import { type ModelSituation, mustBeAllowed } from "../session/turn/turn-model.ts";
import type { Caller } from "./caller.ts";

/** The list as a session gets it with a submission. */
export function allowedModels(caller: Caller): { models?: readonly string[] } {
  const { models } = caller.limits;
  return models === undefined ? {} : { models };
}

/** What models are found by. */
export function modelSetup(
  caller: Caller,
  agent = caller.app.agents.first,
): Pick<ModelSituation, "agent" | "settings" | "bindings"> {
  return { agent, settings: caller.app.settings, bindings: caller.bindings };
}

/** Throws when the account may use none of the models that would answer in a session that is to be made so. */
export function mustHaveModel(
  caller: Caller,
  options: TurnOptions,
  { model, agent }: Pick<SessionChoices, "model" | "agent">,
): void {
  const { agents } = caller.app;
  const own = agents.of(agent ?? null);
  agents.mustBeThere(own);
  const of = { ...modelSetup(caller, own), sessionModel: model ?? null, options };
  mustBeAllowed(of, caller.limits.models);
}

/** Holds an account to its list of models before anything is stored. The session checks again when the turn runs, since limits change. */
import type { Context } from "hono";
import type { TurnOptions } from "../core/entry.ts";
import type { SessionChoices } from "../session/store/session-record.ts";
import { type ModelSituation, mustBeAllowed } from "../session/turn/turn-model.ts";
import type { RouteContext } from "./context.ts";

/** The list as a session is handed it, with what it is to take in. */
export function allowedModels(c: Context<RouteContext>): { models?: readonly string[] } {
  const { models } = c.var.limits;
  return models === undefined ? {} : { models };
}

/** What models are found by. */
export function modelSetup(
  c: Context<RouteContext>,
  agent = c.var.app.agents.first,
): Pick<ModelSituation, "agent" | "settings" | "bindings"> {
  return { agent, settings: c.var.settings, bindings: c.env };
}

/** Throws when the account may use none of the models that would answer in a session that is to be made so. */
export function mustHaveModel(
  c: Context<RouteContext>,
  options: TurnOptions,
  { model, agent }: Pick<SessionChoices, "model" | "agent">,
): void {
  const { agents } = c.var.app;
  const own = agents.of(agent ?? null);
  agents.mustBeThere(own);
  const of = { ...modelSetup(c, own), sessionModel: model ?? null, options };
  mustBeAllowed(of, c.var.limits.models);
}

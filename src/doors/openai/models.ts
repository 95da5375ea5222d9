/** `/v1/models`: the models of the default agent and the agents by name, as OpenAI lists models. */

import { Routes } from "../routes.ts";
import { listedModels, namedModel } from "./named-model.ts";
import { openAiErrorResponse } from "./openai-error.ts";

export const models = new Routes({ refuse: openAiErrorResponse })
  .get("/", "key", (c, caller) =>
    c.json({ object: "list", data: [...listedModels(caller, c.var.app.agents.first).keys()].map(modelJson) }),
  )
  .get("/:model{.+}", "key", (c, caller) => {
    const name = c.req.param("model");
    namedModel(caller, name, c.var.app.agents.first);
    return c.json(modelJson(name));
  });

function modelJson(id: string): Record<string, unknown> {
  return { id, object: "model", created: 0, owned_by: "longline" };
}

/** `/v1/models`: the models of the default agent and the agents by name, as OpenAI lists models. */
import { Hono } from "hono";
import type { RouteContext } from "../context.ts";
import { listedModels, namedModel } from "./named-model.ts";

export const models = new Hono<RouteContext>()
  .get("/", (c) => c.json({ object: "list", data: [...listedModels(c, c.var.app.agents.first).keys()].map(modelJson) }))
  .get("/:model{.+}", (c) => {
    const name = c.req.param("model");
    namedModel(c, name, c.var.app.agents.first);
    return c.json(modelJson(name));
  });

function modelJson(id: string): Record<string, unknown> {
  return { id, object: "model", created: 0, owned_by: "longline" };
}

/** `/v1/models`: the models of the agent, as OpenAI lists them. */
import { Hono } from "hono";
import type { RouteContext } from "./context.ts";
import { namedModel, namedModels } from "./named-model.ts";

export const models = new Hono<RouteContext>()
  .get("/", (c) => c.json({ object: "list", data: [...namedModels(c).keys()].map(modelJson) }))
  .get("/:model{.+}", (c) => {
    const name = c.req.param("model");
    namedModel(c, name);
    return c.json(modelJson(name));
  });

function modelJson(id: string): Record<string, unknown> {
  return { id, object: "model", created: 0, owned_by: "longline" };
}

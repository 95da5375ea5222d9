/** `/v1/agents`: what the app's agents are and can do. Says nothing of their instructions. */
import { type Context, Hono } from "hono";
import type { Agent } from "../agent/agent.ts";
import { modelIds } from "../session/turn/turn-model.ts";
import type { RouteContext } from "./context.ts";

export const agents = new Hono<RouteContext>().get("/", (c) => {
  return c.json({ agents: c.var.app.agents.all.map((agent) => agentJson(c, agent)) });
});

function agentJson(c: Context<RouteContext>, agent: Agent) {
  const { app, settings, limits } = c.var;
  const { name, version, tools } = agent;
  return {
    id: name,
    default: agent === app.agents.first,
    version,
    models: modelIds(settings, agent).filter((id) => limits.models?.includes(id) ?? true),
    tools: tools.all
      .map(({ declaration, effect, approval }) => {
        const { name, description } = declaration;
        return { name, description, effect, approval };
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    doors: [...app.doorNames],
    channels: [...app.channels.keys()],
  };
}

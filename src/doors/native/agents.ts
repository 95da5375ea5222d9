/** `/v1/agents`: what the app's agents are and can do. Says nothing of their instructions. */
import type { Agent } from "../../agent/agent.ts";
import { modelIds } from "../../session/turn/turn-model.ts";
import type { AgentJson } from "../../wire/shapes.ts";
import type { Caller } from "../caller.ts";
import { Routes } from "../routes.ts";

export const agents = new Routes().get("/", "key", (c, caller) => {
  return c.json({ agents: c.var.app.agents.all.map((agent) => agentJson(caller, agent)) });
});

function agentJson(caller: Caller, agent: Agent): AgentJson {
  const { app, limits } = caller;
  const { name, version, tools } = agent;
  return {
    id: name,
    default: agent === app.agents.first,
    version,
    models: modelIds(app.settings, agent).filter((id) => limits.models?.includes(id) ?? true),
    tools: tools.all
      .map(({ declaration, effect, approval }) => {
        const { name, description } = declaration;
        return { name, description, effect, approval };
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    doors: app.doors.filter(({ isNative }) => !isNative).map(({ name }) => name),
    channels: [...app.channels.keys()],
  };
}

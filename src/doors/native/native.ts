/** The native door, which every app has: Longline's own HTTP API. Start reading here: which path leads to which file. */

import type { Agent } from "../../agent/agent.ts";
import { modelIds } from "../../session/turn/turn-model.ts";
import type { AgentJson } from "../../wire/account-shapes.ts";
import type { Caller } from "../caller.ts";
import type { DoorRoute } from "../door.ts";
import { front } from "../front.ts";
import { Routes } from "../routes.ts";
import { usageOf } from "../usage-sums.ts";
import { answers } from "./answers.ts";
import { messages } from "./messages.ts";
import { prefixDoctor } from "./prefix-doctor.ts";
import { sessions } from "./sessions.ts";
import { tokens } from "./tokens.ts";
import { turns } from "./turns.ts";

const usage = new Routes().get("/", "key", async (c, caller) => c.json(await usageOf(caller, caller.account)));

/** `/v1/agents`: what the app's agents are and can do. Says nothing of their instructions. */
const agents = new Routes().get("/", "key", (c, caller) => {
  return c.json({ agents: c.var.app.agents.all.map((agent) => agentJson(caller, agent)) });
});

export const native: readonly DoorRoute[] = [
  ["/v1/sessions", sessions],
  ["/v1/sessions", messages],
  ["/v1/sessions", answers],
  ["/v1/sessions", tokens],
  ["/v1/sessions", prefixDoctor],
  ["/v1/usage", usage],
  ["/v1/turns", turns],
  ["/v1/agents", agents],
  ["/", front],
];

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

/** The app of the tests: every door and channel over the tests' own agent. */

import { env } from "cloudflare:workers";
import { Agents, type App, makeApp, type Schedule } from "../../src/agent/app.ts";
import { demoModel } from "../../src/agent/demo-model.ts";
import type { ModelChoice } from "../../src/agent/version.ts";
import type { WebhookRules } from "../../src/channels/webhook.ts";
import { admin } from "../../src/doors/admin/admin.ts";
import { aiSdk } from "../../src/doors/ai-sdk/ai-sdk.ts";
import { callbacks } from "../../src/doors/channels/callbacks.ts";
import { channelsDoor, discord, slack } from "../../src/doors/channels/listed.ts";
import { webhooks as webhookDoor } from "../../src/doors/channels/webhooks.ts";
import { copies } from "../../src/doors/copies/copies.ts";
import { longTools } from "../../src/doors/long-tools.ts";
import { mcp } from "../../src/doors/mcp/mcp.ts";
import { mcpServers } from "../../src/doors/mcp-servers.ts";
import { openai } from "../../src/doors/openai/openai.ts";
import { openapi } from "../../src/doors/openapi/openapi.ts";
import { otel } from "../../src/doors/otel.ts";
import { playground } from "../../src/doors/playground/playground.ts";
import { prefixes } from "../../src/doors/prefixes/prefixes.ts";
import { rollouts } from "../../src/doors/rollouts/rollouts.ts";
import { schedules as scheduleDoor } from "../../src/doors/schedules/schedules.ts";
import type { Bindings } from "../../src/env.ts";
import { agent } from "./agent.ts";

/** Tests add to these, and take away again what they added. */
export const webhooks: Record<string, WebhookRules> = {};
export const schedules: Schedule[] = [];
export const models = agent.models as unknown as ModelChoice[];

/** Its routes are there always; tests of rollouts set `app.rollouts` to its feature. */
export const listedRollouts = rollouts();
const long = longTools();
export const doors = [
  openai(),
  aiSdk(),
  mcp(),
  playground(),
  openapi(),
  admin(),
  copies(),
  prefixes(),
  listedRollouts.door,
  long.door,
  scheduleDoor(),
  webhookDoor(),
  callbacks(),
  channelsDoor,
];

const channels = [slack({ dmSession: "thread", approvers: "asker" }), discord({ approvers: "asker" })];
const definition = { agents: {}, demo: demoModel(), mcp: mcpServers(), observe: otel(), webhooks, schedules };

export const app: App = {
  ...makeApp(
    { ...definition, agents: { assistant: { instructions: "Replaced below." } } },
    { doors, channels, steps: long.feature },
    env as unknown as Bindings,
  ),
  agents: new Agents([agent]),
};

/** The app of the tests: every door and channel over the tests' own agent. */
import { env } from "cloudflare:workers";
import type { ModelChoice } from "../../src/agent/agent.ts";
import { Agents, type App, type Schedule } from "../../src/agent/app.ts";
import type { WebhookRules } from "../../src/channels/webhook.ts";
import { aiSdk } from "../../src/doors/ai-sdk.ts";
import { mcp } from "../../src/doors/mcp.ts";
import { openai } from "../../src/doors/openai.ts";
import { playground } from "../../src/doors/playground.ts";
import { type Bindings, parseSettings } from "../../src/env.ts";
import { agent } from "./agent.ts";

/** Tests add to these, and take away again what they added. */
export const webhooks: Record<string, WebhookRules> = {};
export const schedules: Schedule[] = [];
export const models = agent.models as unknown as ModelChoice[];

export const app: App = {
  agents: new Agents([agent]),
  settings: parseSettings(env as unknown as Bindings),
  channels: { slack: { dmSession: "thread", approvers: "asker" }, discord: { approvers: "asker" } },
  webhooks,
  schedules,
  doorNames: ["openai", "aiSdk", "mcp", "playground"],
  channelNames: ["slack", "discord"],
  secrets: {},
};
export const doors = [openai(), aiSdk(), mcp(), playground()];

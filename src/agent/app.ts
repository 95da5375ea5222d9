/** WHAT an app is to the library: its agents and what it chose of channels, webhooks and schedules, with its settings parsed. Holds no code of the app. */
import type { Address } from "../channels/channel.ts";
import type { ChannelRules } from "../channels/outlets.ts";
import type { WebhookRules } from "../channels/webhook.ts";
import { type Bindings, parseSettings, type Settings } from "../env.ts";
import type { McpServerRules } from "../tools/mcp/server-rules.ts";
import { type Agent, type AgentDefinition, resolveAgent } from "./agent.ts";
import { toolSecrets } from "./tool-secrets.ts";

/** A message by the clock, and where its answer goes. */
export interface Schedule {
  /** As Workers cron triggers write it, in UTC: `0 9 * * 1-5`. It must be in `wrangler.toml`, too. */
  cron: string;
  /** Id of the session. */
  session: string;
  content: string;
  /** Such as `slackRoom("T1", "C1")`; else it is only in the session. */
  replyTo?: Address;
}

/** What an app hands in, but for its doors. */
export interface AppDefinition {
  /** Agents by name; the first one is the default. */
  agents: Record<string, AgentDefinition>;
  /** Inbound webhooks by name, `POST /channels/webhooks/<name>`. One that only has a secret in `WEBHOOK_SECRETS` takes `{content, session?}` signed by Standard Webhooks. */
  webhooks?: Record<string, WebhookRules>;
  /** Messages that are sent by the clock. */
  schedules?: readonly Schedule[];
  /** Remote MCP servers by name, whose tools the agents have as `name__tool`. The setting `MCP_SERVERS` adds others. */
  mcp?: Record<string, McpServerRules>;
}

/** The app as every part of the library finds it. */
export interface App {
  agents: Agents;
  settings: Settings;
  /** How messengers are met: who may approve, what a session is. */
  channels: ChannelRules;
  webhooks: Record<string, WebhookRules>;
  schedules: readonly Schedule[];
  /** Values of the secrets that the agents' tools declare, by name. */
  secrets: Readonly<Record<string, string>>;
}

/** The agents of an app by name. */
export class Agents {
  /** The default: it answers where no agent is named. */
  readonly first: Agent;
  readonly #byName: ReadonlyMap<string, Agent>;

  /** Throws an Error when there is none, or a name is none. */
  constructor(all: readonly Agent[]) {
    const [first] = all;
    if (first === undefined) throw new Error("The app has no agent. Hand one in: longline({ agents: { assistant } }).");
    this.first = first;
    this.#byName = new Map(all.map((agent) => [agent.name, agent]));
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  get all(): Agent[] {
    return [...this.#byName.values()];
  }

  /** `undefined` when the app has none of that name. */
  named(name: string): Agent | undefined {
    return this.#byName.get(name);
  }
}

/** Names go into URLs, into OpenAI's `model` (before a `/`) and into a Slack rule. */
const agentName = /^[a-z0-9][a-z0-9_-]{0,39}$/i;

/** The app of a definition. Throws an Error that says what is wrong and what to do. */
export function makeApp(
  { agents, webhooks = {}, schedules = [], mcp = {} }: AppDefinition,
  { channels, bindings }: { channels: ChannelRules; bindings: Bindings },
): App {
  const resolved = Object.entries(agents).map(([name, definition]) => {
    if (!agentName.test(name))
      throw new Error(`The agent's name "${name}" must be 1 to 40 letters, digits, "-" or "_". Rename its key.`);
    return resolveAgent(name, definition, mcp);
  });
  const secrets = toolSecrets(resolved, bindings);
  return { agents: new Agents(resolved), settings: parseSettings(bindings), channels, webhooks, schedules, secrets };
}

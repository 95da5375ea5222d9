/** WHAT an app is to the library: its agents and what it chose of channels, webhooks and schedules, with its settings parsed. Holds no code of the app. */
import type { Address } from "../channels/channel.ts";
import { agentsIn } from "../channels/for-agent.ts";
import type { ChannelRules } from "../channels/outlets.ts";
import type { WebhookRules } from "../channels/webhook.ts";
import { AppError } from "../core/errors.ts";
import { type Bindings, parseSettings, type Settings } from "../env.ts";
import type { McpServerRules } from "../tools/mcp/server-rules.ts";
import { type Agent, type AgentDefinition, missingAgent, resolveAgent } from "./agent.ts";
import { toolSecrets } from "./tool-secrets.ts";

/** A message by the clock, and where its answer goes. */
export interface Schedule {
  /** As Workers cron triggers write it, in UTC: `0 9 * * 1-5`. It must be in `wrangler.toml`, too. */
  cron: string;
  /** Id of the session. */
  session: string;
  content: string;
  /** Name of the agent that the session is made with; the default one when absent. A session that is there keeps its own. */
  agent?: string;
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
  /** Names of the doors and channels that are listed, for those who read about an agent. */
  doorNames: readonly string[];
  channelNames: readonly string[];
  /** Values of the secrets that the agents' tools declare, by name. */
  secrets: Readonly<Record<string, string>>;
}

/** The agents of an app by name. */
export class Agents {
  /** The default: it answers where no agent is named. */
  readonly first: Agent;
  readonly #byName: ReadonlyMap<string, Agent>;

  /** Throws an Error when there is none, a name is none, or two differ in case only. */
  constructor(all: readonly Agent[]) {
    const [first] = all;
    if (first === undefined) throw new Error("The app has no agent. Hand one in: longline({ agents: { assistant } }).");
    const fault = nameFault(all.map(({ name }) => name));
    if (fault !== undefined) throw new Error(fault);
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

  /** The agent of a session: null in sessions of before agents had names, which have the default one. One that is gone `isMissing`. */
  of(name: string | null): Agent {
    return name === null ? this.first : (this.named(name) ?? missingAgent(name));
  }

  /** The agent that a caller named; throws `no_such_agent`, with the names that there are. */
  mustHave(name: string, field = "agent"): Agent {
    const agent = this.named(name);
    if (agent !== undefined) return agent;
    throw new AppError("no_such_agent", `${field}: there is no agent "${name.slice(0, 100)}". ${this.#known}`, {
      field,
    });
  }

  /** Throws `no_such_agent` for a session whose agent is gone. */
  mustBeThere({ name, isMissing }: Agent): void {
    if (!isMissing) return;
    const detail = `This session was made for the agent "${name}", which this app does not have any more. It can be read, and nothing can be sent to it. ${this.#known}`;
    throw new AppError("no_such_agent", detail);
  }

  get #known(): string {
    return `The agents are: ${this.names.join(", ")}.`;
  }
}

/** Names go into URLs, into OpenAI's `model` (before a `/`) and into a Slack rule. */
const agentName = /^[a-z0-9][a-z0-9_-]{0,39}$/i;

function nameFault(names: readonly string[]): string | undefined {
  for (const [place, name] of names.entries()) {
    if (!agentName.test(name))
      return `The agent's name "${name}" must be 1 to 40 letters, digits, "-" or "_", the first one a letter or a digit. Rename its key.`;
    // JavaScript puts such keys before all others, so another agent than the one listed first would be the default.
    if (/^\d+$/.test(name)) return `The agent's name "${name}" must not be a number. Rename its key.`;
    const same = names.slice(0, place).find((other) => other.toLowerCase() === name.toLowerCase());
    if (same !== undefined)
      return `The agents "${same}" and "${name}" differ in capital letters only, or not at all. Rename one of their keys.`;
  }
  return undefined;
}

/** The app of a definition. Throws an Error that says what is wrong and what to do. */
export function makeApp(
  { agents: definitions, webhooks = {}, schedules = [], mcp = {} }: AppDefinition,
  { channels, bindings, doorNames }: { channels: ChannelRules; bindings: Bindings; doorNames: readonly string[] },
): App {
  const settings = parseSettings(bindings);
  const servers = { ...Object.fromEntries([...settings.mcpServers].map(([name, url]) => [name, { url }])), ...mcp };
  const agents = new Agents(
    Object.entries(definitions).map(([name, definition]) => resolveAgent(name, definition, servers)),
  );
  const channelNames = Object.keys(channels);
  const secrets = toolSecrets(agents.all, bindings);
  const app = { agents, settings, channels, webhooks, schedules, doorNames, channelNames, secrets };
  mustNameAgents(app);
  return app;
}

/** Throws an Error that names each place where the app names an agent that it does not have. */
function mustNameAgents({ agents, webhooks, schedules, channels }: App): void {
  const named = [
    ...Object.entries(channels).flatMap(([name, rules]) =>
      agentsIn(rules).map((agent) => ({ where: `the channel ${name}`, agent })),
    ),
    ...Object.entries(webhooks).map(([name, { agent }]) => ({ where: `the webhook "${name}"`, agent })),
    ...schedules.map(({ cron, agent }) => ({ where: `the schedule "${cron}"`, agent })),
  ];
  const faults = named.flatMap(({ where, agent }) =>
    agent === undefined || agents.named(agent) !== undefined ? [] : [`- ${where} names the agent "${agent}"`],
  );
  if (faults.length === 0) return;
  const names = agents.names.join(", ");
  throw new Error(`Longline cannot start: there is no such agent for\n${faults.join("\n")}\nThe agents are: ${names}.`);
}

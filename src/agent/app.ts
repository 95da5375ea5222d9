/** WHAT an app is to the library: its agents and what it chose of channels, webhooks and schedules, with its settings parsed. Holds no code of the app. */
import type { Address } from "../channels/channel.ts";
import type { Channel, ConfiguredChannel } from "../channels/define-channel.ts";
import { type WebhookRules, webhookSecrets, type webhookSettings } from "../channels/webhook.ts";
import { AppError } from "../core/errors.ts";
import {
  exampleWarnings,
  mustHaveNoFaults,
  readSettings,
  type SettingDeclarations,
  type SettingValues,
  valuesOf,
} from "../core/settings.ts";
import { type Bindings, baseSettings, type Settings, settingsOf, withDemo } from "../env.ts";
import type { AccountJob, AccountJobHost, AlertSource, Telemetry, TelemetrySource } from "../observe/telemetry.ts";
import type { StepsFeature } from "../tools/steps/feature.ts";
import { stepsNotListed } from "../tools/steps/step.ts";
import type { Encoders } from "../wire/manner.ts";
import { type Agent, type AgentDefinition, missingAgent, resolveAgent } from "./agent.ts";
import { agentsOf, type DelegationFeature } from "./delegation-feature.ts";
import type { CallbackFeature, DeliveryFeature } from "./delivery-feature.ts";
import type { DemoModel } from "./demo-model.ts";
import type { HistoryFeature } from "./history-feature.ts";
import type { RemoteTools, RemoteToolsSource } from "./remote-tools.ts";
import type { RolloutFeature } from "./rollout-feature.ts";
import { toolSecrets } from "./tool-secrets.ts";
import type { TurnSchemas } from "./turn-schemas.ts";

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
  /** Tools of remote MCP servers: `mcpServers({ docs: { url } })`. */
  mcp?: RemoteToolsSource;
  /** `demoModel()`: it answers where no provider is configured. */
  demo?: DemoModel;
  /** `traces()`: makes traces of turns. `otel()`: makes them, and sends them, metrics and events to a collector. */
  observe?: TelemetrySource;
  /** `alerts([…])`: thresholds over each account's turns, and who is notified when one is passed. */
  alerts?: AlertSource;
}

/** What an app needs to know of a door. */
export interface DoorPart {
  readonly name: string;
  readonly settings: SettingDeclarations;
  readonly encoders: Encoders;
  /** A part of the native door, which has no name. */
  readonly isNative: boolean;
  readonly schemas?: TurnSchemas | undefined;
  readonly deliveries?: DeliveryFeature | undefined;
  readonly callbacks?: CallbackFeature | undefined;
  readonly history?: HistoryFeature | undefined;
  /** Work that it has the object of each account do beside requests. */
  accountJob?(host: AccountJobHost, bindings: Bindings, app: App): AccountJob;
}

export interface AppParts {
  doors: readonly DoorPart[];
  channels: readonly Channel[];
  /** Of `rollouts()`. */
  rollouts?: RolloutFeature | undefined;
  /** Of `longTools()`. */
  steps?: StepsFeature | undefined;
}

/** The app as every part of the library finds it. */
export interface App {
  agents: Agents;
  settings: Settings;
  /** Messengers by name. */
  channels: ReadonlyMap<string, AppChannel>;
  webhooks: Record<string, WebhookRules>;
  /** By name, two while one is being replaced; `callback` signs what goes out. */
  webhookSecrets: ReadonlyMap<string, readonly string[]>;
  schedules: readonly Schedule[];
  /** The doors that are listed. */
  doors: readonly Pick<DoorPart, "name" | "isNative" | "accountJob">[];
  /** Values of the secrets that the agents' tools declare, by name. */
  secrets: Readonly<Record<string, string>>;
  /** Tools that are known only when a turn begins. */
  remoteTools: RemoteTools | undefined;
  /** How answers get out; absent where there is no way out but the HTTP API. */
  deliveries: DeliveryFeature | undefined;
  /** Of `callbacks()`. */
  callbacks: CallbackFeature | undefined;
  /** Of the doors whose clients keep copies of a conversation. */
  history: HistoryFeature | undefined;
  /** How agents call one another; absent where none does. */
  delegation: DelegationFeature | undefined;
  /** How traces are made, and where they are sent. */
  telemetry: Telemetry | undefined;
  alerts: AlertSource | undefined;
  /** Of the doors that take JSON schemas. */
  schemas: TurnSchemas | undefined;
  /** Versions and rollouts; absent where the app does not list them. */
  rollouts: RolloutFeature | undefined;
  /** Durable steps of tools; absent where the app does not list them, and no tool brings them. */
  steps: StepsFeature | undefined;
  /** Of the doors: how each writes a stream. */
  encoders: Encoders;
  /** What was read of all declared settings, by name. */
  values: Readonly<Record<string, unknown>>;
  /** What is doubtful about the settings. */
  warnings: readonly string[];
}

/** A channel of the app, with its settings. */
export type AppChannel = Channel & ConfiguredChannel;

/** The agents of an app by name. */
export class Agents {
  /** The default: it answers where no agent is named. */
  readonly first: Agent;
  readonly #byName: ReadonlyMap<string, Agent>;
  /** Those that only other agents call: no caller finds them. */
  readonly hidden: readonly Agent[];

  /** Throws an Error when there is none, a name is none, or two differ in case only. */
  constructor(all: readonly Agent[], hidden: readonly Agent[] = []) {
    const [first] = all;
    if (first === undefined) throw new Error("The app has no agent. Hand one in: longline({ agents: { assistant } }).");
    const fault = nameFault([...all, ...hidden].map(({ name }) => name));
    if (fault !== undefined) throw new Error(fault);
    this.first = first;
    this.#byName = new Map(all.map((agent) => [agent.name, agent]));
    this.hidden = hidden;
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
    if (name === null) return this.first;
    return this.named(name) ?? this.hidden.find((agent) => agent.name === name) ?? missingAgent(name);
  }

  /** The agent that a caller named; throws `no_such_agent`, with the names that there are. */
  mustHave(name: string, field = "agent"): Agent {
    const agent = this.named(name);
    if (agent !== undefined) return agent;
    throw new AppError("no_such_agent", `${field}: there is no agent "${name.slice(0, 100)}". ${this.#known}`, {
      field,
    });
  }

  /** The same for one that another agent named. */
  mustBeKnown(name: string): Agent {
    const agent = this.of(name);
    return agent.isMissing ? this.mustHave(name) : agent;
  }

  /** Throws `no_such_agent` for a session whose agent is gone. */
  mustBeThere({ name, isMissing }: Agent): void {
    if (!isMissing) return;
    throw new AppError("no_such_agent", `${goneWords(name)} ${this.#known}`);
  }

  get #known(): string {
    return `The agents are: ${this.names.join(", ")}.`;
  }
}

/**
 * Names go into URLs, into OpenAI's `model` (before a `/`) and into a Slack rule. JavaScript puts keys that are numbers
 * before all others, so another agent than the one listed first would be the default.
 */
const agentName = /^(?!\d+$)[a-z0-9][a-z0-9_-]{0,39}$/i;

/** Why nothing is done for a session whose agent is gone. */
export function goneWords(name: string): string {
  return `This session was made for the agent "${name}", which this app does not have any more. It can be read.`;
}

function nameFault(names: readonly string[]): string | undefined {
  for (const [place, name] of names.entries()) {
    if (!agentName.test(name))
      return `The agent's name "${name}" must be 1 to 40 letters, digits, "-" or "_", and no number. Rename its key.`;
    const same = names.slice(0, place).find((other) => other.toLowerCase() === name.toLowerCase());
    if (same !== undefined) return `The agents "${same}" and "${name}" differ in capital letters only. Rename a key.`;
  }
  return undefined;
}

/** The app of a definition and its parts. Throws an Error that says what is wrong and what to do. */
export function makeApp(
  definition: AppDefinition,
  { doors, channels, rollouts, steps: listed }: AppParts,
  bindings: Bindings,
): App {
  const { webhooks = {}, schedules = [], mcp, demo, observe, alerts } = definition;
  mustBeParts({ doors, channels, mcp: mcp ? [mcp] : [], observe: observe ? [observe] : [] });
  mustDiffer("door", doors);
  mustDiffer("channel", channels);
  const given: Readonly<Record<string, unknown>> = { ...bindings };
  const declared = [baseSettings, ...[...channels, ...doors].map(({ settings }) => settings)];
  for (const part of [mcp, observe]) if (part !== undefined) declared.push(part.settings);
  const { values, faults } = readSettings(allOf(declared), given);
  mustHaveNoFaults(faults);
  const base = values as SettingValues<typeof baseSettings>;
  const settings = withDemo(settingsOf(base), base, demo?.fetch);
  const remoteTools = mcp?.configure(valuesOf(mcp, values), { bindings: given, isDev: settings.isDev });
  const delegation = delegationIn(definition.agents);
  const resolved = (named: Record<string, AgentDefinition>) =>
    Object.entries(named).map(([name, each]) => resolveAgent(name, each, remoteTools !== undefined));
  const agents = new Agents(
    resolved(definition.agents),
    delegation && resolved(delegation.hiddenAgents(definition.agents)),
  );
  mustNameAgents(agents, { webhooks, schedules, channels, alerts });
  const steps =
    listed ?? [...agents.all, ...agents.hidden].flatMap(({ tools }) => tools.all).find((tool) => tool.steps)?.steps;
  mustBeReceived(webhooks, doors);
  if (steps === undefined) mustMakeNoSignals(webhooks);
  const carried = <P extends "schemas" | "deliveries" | "callbacks" | "history">(part: P): DoorPart[P] =>
    doors.find((door) => door[part])?.[part];
  return {
    agents,
    settings,
    channels: new Map(
      channels.map((channel) => [channel.name, { ...channel, ...channel.configure(valuesOf(channel, values)) }]),
    ),
    webhooks,
    webhookSecrets: webhookSecrets(values as SettingValues<typeof webhookSettings>),
    schedules,
    doors: doors.map(({ name, isNative, accountJob }) => ({ name, isNative, ...(accountJob && { accountJob }) })),
    secrets: toolSecrets([...agents.all, ...agents.hidden], bindings),
    remoteTools,
    deliveries: carried("deliveries") ?? delegation?.deliveries,
    callbacks: carried("callbacks"),
    history: carried("history"),
    delegation,
    telemetry: observe?.configure(valuesOf(observe, values)),
    alerts,
    schemas: carried("schemas"),
    rollouts,
    steps,
    encoders: encodersOf(doors),
    values,
    warnings: [
      ...exampleWarnings(declared, given),
      ...unlistedWarnings(
        declared,
        given,
        doors.map(({ name }) => name),
      ),
    ],
  };
}

/** What the tools of the agents carry; agents that only others call are found by these. */
function delegationIn(agents: Record<string, AgentDefinition>): DelegationFeature | undefined {
  for (const { tools = [] } of Object.values(agents)) {
    const found = tools.map(agentsOf).find((each) => each !== undefined);
    if (found !== undefined) return found.feature;
  }
  return undefined;
}

/** Throws an Error that names each place where the app names an agent that it does not have. */
function mustNameAgents(
  agents: Agents,
  {
    webhooks,
    schedules,
    channels,
    alerts,
  }: Pick<App, "webhooks" | "schedules" | "alerts"> & Pick<AppParts, "channels">,
): void {
  const named = [
    ...channels.flatMap(({ name, agents }) => agents.map((agent) => ({ where: `the channel ${name}`, agent }))),
    ...Object.entries(webhooks).map(([name, { agent }]) => ({ where: `the webhook "${name}"`, agent })),
    ...schedules.map(({ cron, agent }) => ({ where: `the schedule "${cron}"`, agent })),
    ...(alerts?.rules ?? []).map(({ metric, agent }) => ({ where: `the alert about ${metric}`, agent })),
  ];
  const faults = named.flatMap(({ where, agent }) =>
    agent === undefined || agents.named(agent) !== undefined ? [] : [`- ${where} names the agent "${agent}"`],
  );
  if (faults.length === 0) return;
  const names = agents.names.join(", ");
  throw new Error(`Longline cannot start: there is no such agent for\n${faults.join("\n")}\nThe agents are: ${names}.`);
}

/** Throws an Error for rules of webhooks that no door receives. */
function mustBeReceived(webhooks: App["webhooks"], doors: readonly DoorPart[]): void {
  const [name] = Object.keys(webhooks);
  if (name !== undefined && doors.every((door) => door.name !== "webhooks"))
    throw new Error(`Nothing receives the webhook "${name}". Add webhooks() to the app's doors.`);
}

/** Throws an Error that names a webhook whose signals no tool of the app could wait for. */
function mustMakeNoSignals(webhooks: App["webhooks"]): void {
  const [name] = Object.entries(webhooks).find(([, { toSignal }]) => toSignal !== undefined) ?? [];
  if (name !== undefined) throw new Error(`The webhook "${name}" makes signals (toSignal). ${stepsNotListed}`);
}

/** A part that was not called, or what earlier versions took in its place. */
function mustBeParts(
  parts: Readonly<Record<"doors" | "channels" | "mcp" | "observe", readonly { settings: SettingDeclarations }[]>>,
): void {
  const examples = { doors: "openai()", channels: "slack()", mcp: "mcpServers({ … })", observe: "otel()" };
  for (const field of ["doors", "channels", "mcp", "observe"] as const) {
    if (parts[field].every((part) => typeof part === "object" && typeof part?.settings === "object")) continue;
    throw new Error(`\`${field}\` of the app holds something else than a call such as ${examples[field]}.`);
  }
}

function mustDiffer(kind: string, listed: readonly { name: string }[]): void {
  const names = listed.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new Error(`The ${kind} ${twice} is listed twice. Remove one.`);
}

/** Two parts may read one setting in the same way: the same declaration. */
function allOf(declared: readonly SettingDeclarations[]): SettingDeclarations {
  const all: Record<string, SettingDeclarations[string]> = {};
  for (const [name, declaration] of declared.flatMap((each) => Object.entries(each))) {
    const known = all[name];
    if (known !== undefined && known.schema !== declaration.schema)
      throw new Error(`The setting ${name} is declared by two parts of the app in two ways. Rename one of them.`);
    all[name] = declaration;
  }
  return all;
}

function encodersOf(doors: readonly DoorPart[]): Encoders {
  const owners = new Map<string, string>();
  for (const { name, encoders } of doors) {
    for (const manner of Object.keys(encoders)) {
      const owner = owners.get(manner);
      if (owner !== undefined)
        throw new Error(`The doors ${owner} and ${name} both write streams as "${manner}". Rename one of them.`);
      owners.set(manner, name);
    }
  }
  return Object.assign({}, ...doors.map(({ encoders }) => encoders)) as Encoders;
}

/** What to list, by the setting that would switch it on. The parts themselves are not imported: an app that does not list them does not carry them. */
export const partOfSetting: Readonly<Record<string, string>> = {
  SLACK_SIGNING_SECRET: "slack() in `channels`",
  DISCORD_PUBLIC_KEY: "discord() in `channels`",
  MCP_SERVERS: "`mcp: mcpServers()`",
  WEBHOOK_SECRETS: "webhooks() or callbacks() in `doors`",
  OTEL_EXPORTER_OTLP_ENDPOINT: "`observe: otel()`",
};

/** A warning for each setting that is set, and that no part of the app reads. */
function unlistedWarnings(
  declared: readonly SettingDeclarations[],
  given: Readonly<Record<string, unknown>>,
  doors: readonly string[],
): string[] {
  const read = new Set(declared.flatMap((each) => Object.keys(each)));
  // Every app reads the key; what it opens comes with its door.
  if (!doors.includes("admin")) read.delete("ADMIN_KEY");
  return Object.entries({ ...partOfSetting, ADMIN_KEY: "admin() in `doors`" })
    .filter(([name]) => typeof given[name] === "string" && given[name] !== "" && !read.has(name))
    .map(
      ([name, part]) =>
        `${name} is set, but the app does not list ${part}: it has no effect. List it, or remove the setting.`,
    );
}

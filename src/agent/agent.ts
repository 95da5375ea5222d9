/** WHAT an agent is: its instructions, models, tools and limits, as an app hands it in. Wrong definitions stop the Worker at start. */
import type { Sampling } from "../core/entry.ts";
import type { CallHooks, HookedCalls } from "../tools/call-hooks.ts";
import { readEntry } from "../tools/read-entry.ts";
import { searchTranscript } from "../tools/search-transcript.ts";
import { createToolbox, type Tool, type Toolbox } from "../tools/tool.ts";
import { type AgentLimits, contentOf, type ModelChoice, versionOf } from "./version.ts";

/** What an app says of an agent. The smallest one is its instructions. `Tools`: its hooks know the calls of these. */
export interface AgentDefinition<Tools extends readonly Tool[] = readonly Tool[]> {
  /** The system message. Keep it free of times and ids: it is the head of every request, and providers cache it byte by byte. */
  instructions: string;
  /** What it is for, in a sentence, for the agents that may call it. No part of its version. */
  description?: string;
  /**
   * The models, in the order in which they are asked: when one fails for good, the next one goes on. With weights, each
   * session begins with one of those that have a weight, and stays with it. The setting `MODEL` replaces the first id.
   * By default `deepseek-v3.2-exp`.
   */
  models?: readonly [ModelChoice, ...ModelChoice[]];
  /**
   * None by default. To any that are listed come `read_entry` and `search_transcript`, which read what the model's window
   * does not show. An agent without tools gets none: many models take none.
   */
  tools?: Tools;
  /** How its models draw their words; a message's own choices go first. What is absent is the model's habit. */
  sampling?: Sampling;
  limits?: Partial<AgentLimits>;
  /** Called around each call of a tool that runs here: to log it, to change it, or to refuse it; see `CallHooks`. In `defineAgent`, `name` tells which `input` it has. */
  before?: CallHooks<HookedCalls<Tools>>["before"];
  after?: CallHooks<HookedCalls<Tools>>["after"];
}

/** An agent as the library works with it: named, every default filled in. */
export interface Agent {
  /** Its key in `agents` of the app. */
  name: string;
  /** Names this definition: `v_` and a digest. */
  version: string;
  instructions: string;
  models: readonly [ModelChoice, ...ModelChoice[]];
  tools: Toolbox;
  sampling?: Sampling;
  limits: AgentLimits;
  hooks: CallHooks;
  /** A version that an account made with models of its own: the setting `MODEL` does not replace the first one. */
  namesModels?: true;
  /** The app has no agent of that name any more. */
  isMissing?: true;
}

export const defaultLimits: AgentLimits = { maxSteps: 12, turnSeconds: 1_800, waitSeconds: 86_400 };

/**
 * Tools that belong to the session itself: they show the model what its window cannot hold. They come to an agent that has
 * tools, from its first request on: tools are the head of every request, so a list that changed later would void what the
 * provider has cached. An agent without tools gets none, since many models refuse a request with tools.
 */
const transcriptTools = [readEntry, searchTranscript];
export const transcriptToolNames: readonly string[] = transcriptTools.map(({ declaration }) => declaration.name);

/**
 * Makes an agent. Throws an Error that says what is wrong: no instructions, no model, two tools of one name, a limit that is no limit.
 *
 * @example
 * export const assistant = defineAgent({ instructions: "You answer questions about our shop.", tools: [findOrder] });
 */
export function defineAgent<const Tools extends readonly Tool[] = []>(
  definition: AgentDefinition<Tools>,
): AgentDefinition {
  withDefaults("", definition);
  return definition;
}

/** The agent of that name, its defaults filled in. `hasRemoteTools`: MCP servers add to its tools. Throws an Error that names what is wrong. */
export function resolveAgent(name: string, definition: AgentDefinition, hasRemoteTools = false): Agent {
  const agent = withDefaults(name, definition, hasRemoteTools);
  return { ...agent, version: versionOf(contentOf(agent)) };
}

/** The agent without its version, whose digest is expensive while a Worker starts. */
function withDefaults(name: string, definition: AgentDefinition, hasRemoteTools = false): Omit<Agent, "version"> {
  const called = name === "" ? "An agent" : `The agent "${name}"`;
  const { instructions, models = [{ id: "deepseek-v3.2-exp" }], tools = [], sampling, limits } = definition;
  if (typeof instructions !== "string" || instructions.trim() === "")
    throw new Error(`${called} has no instructions. Say in \`instructions\` what it is for.`);
  if (models.length === 0) throw new Error(`${called} has no model: leave \`models\` out, or name at least one.`);
  for (const [field, value] of Object.entries(limits ?? {})) {
    if (!(Number.isFinite(value) && value >= 0))
      throw new Error(`${called}: limits.${field} must be a number, 0 or more.`);
  }
  for (const model of models) {
    const fault = modelFault(model);
    if (fault !== undefined) throw new Error(`${called}: the model "${model.id}" ${fault}.`);
  }
  const hasTools = tools.length > 0 || hasRemoteTools;
  return {
    name,
    instructions,
    models,
    tools: toolboxOf(called, hasTools ? withTranscript(tools) : tools),
    ...(sampling && { sampling }),
    limits: { ...defaultLimits, ...limits },
    hooks: {
      ...(definition.before && { before: definition.before }),
      ...(definition.after && { after: definition.after }),
    },
  };
}

/** What is in the place of an agent that the app does not have any more: nothing can be done with it but ending its turns. */
export function missingAgent(name: string): Agent {
  const nothing = { instructions: "", models: [{ id: "" }] as const, tools: createToolbox([]), hooks: {} };
  return { name, version: "", ...nothing, limits: defaultLimits, isMissing: true };
}

function withTranscript(tools: readonly Tool[]): Tool[] {
  const own = new Set(tools.map(({ declaration }) => declaration.name));
  return [...tools, ...transcriptTools.filter(({ declaration }) => !own.has(declaration.name))];
}

function toolboxOf(called: string, tools: readonly Tool[]): Toolbox {
  try {
    return createToolbox(tools);
  } catch (error) {
    throw new Error(`${called}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What is wrong with a model's entry; `undefined` when nothing is. */
function modelFault({ id, prices, contextTokens, maxTokens }: ModelChoice): string | undefined {
  if (typeof id !== "string" || id.trim() === "") return "needs an id, as its provider calls it";
  for (const [field, value] of Object.entries({ contextTokens, maxTokens }))
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      return `needs ${field} as a whole number above 0`;
  if (prices === undefined) return undefined;
  const isPrice = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value >= 0;
  const names = ["hit", "miss", "output"] as const;
  const wrong = names.filter((name) => !isPrice(prices[name]));
  return wrong.length === 0
    ? undefined
    : `needs prices.${wrong.join(", prices.")} in micro-dollars per million tokens, 0 or more`;
}

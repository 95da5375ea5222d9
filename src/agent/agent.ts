/** WHAT an agent is: its instructions, models, tools and limits, as an app hands it in. Wrong definitions stop the Worker at start. */
import type { Profile } from "../model/profile.ts";
import type { CallHooks } from "../tools/call-hooks.ts";
import { readEntry } from "../tools/read-entry.ts";
import { searchTranscript } from "../tools/search-transcript.ts";
import { createToolbox, type Tool, type Toolbox } from "../tools/tool.ts";

export interface ModelChoice {
  /** As the provider calls it. */
  id: string;
  /** Share of new sessions that begin with this model, against the other weights. */
  weight?: number;
  /** Another provider than `MODEL_BASE_URL`. */
  baseUrl?: string;
  /** Name of the secret that holds that provider's key. */
  keySecret?: string;
  /** Whom the provider is told it works for, where it has a parameter for that: it keeps caches and counts abuse by it. */
  userId?: "none" | "account" | "session";
  /** What the catalog (`src/model/catalog.ts`) does not know about this model at this provider, such as `maxTokensField`. */
  profile?: Partial<Omit<Profile, "id" | "wireId" | "provider">>;
}

export interface AgentLimits {
  /** Most model calls in a turn; 12. */
  maxSteps: number;
  /** How long a turn may work since a person last sent or approved something in it, in seconds; 30 minutes. */
  turnSeconds: number;
  /** How long a call waits for a person's approval, or for the client that runs it, in seconds; a day. */
  waitSeconds: number;
}

/** What an app says of an agent. The smallest one is its instructions. */
export interface AgentDefinition {
  /** The system message. Keep it free of times and ids: it is the head of every request, and providers cache it byte by byte. */
  instructions: string;
  /**
   * The models, in the order in which they are asked: when one fails for good, the next one goes on. With weights, each
   * session begins with one of those that have a weight, and stays with it. The setting `MODEL` replaces the first id.
   * By default `deepseek-v3.2-exp`.
   */
  models?: readonly [ModelChoice, ...ModelChoice[]];
  /** None by default; what searches the session's own transcript comes along. */
  tools?: readonly Tool[];
  limits?: Partial<AgentLimits>;
  /** Called around each call of a tool that runs here: to log it, to change it, or to refuse it; see `CallHooks`. */
  before?: CallHooks["before"];
  after?: CallHooks["after"];
}

/** An agent as the library works with it: named, every default filled in. */
export interface Agent {
  /** Its key in `agents` of the app. */
  name: string;
  instructions: string;
  models: readonly [ModelChoice, ...ModelChoice[]];
  tools: Toolbox;
  limits: AgentLimits;
  hooks: CallHooks;
}

export const defaultLimits: AgentLimits = { maxSteps: 12, turnSeconds: 1_800, waitSeconds: 86_400 };

/** Tools that belong to the session itself: they show the model what its window cannot hold. */
const transcriptTools = [readEntry, searchTranscript];

/**
 * Makes an agent. Throws an Error that says what is wrong: no instructions, no model, two tools of one name, a limit that is no limit.
 *
 * @example
 * export const assistant = defineAgent({ instructions: "You answer questions about our shop.", tools: [findOrder] });
 */
export function defineAgent(definition: AgentDefinition): AgentDefinition {
  resolveAgent("", definition);
  return definition;
}

/** The agent of that name, its defaults filled in. Throws an Error that names what is wrong. */
export function resolveAgent(name: string, definition: AgentDefinition): Agent {
  const called = name === "" ? "An agent" : `The agent "${name}"`;
  const { instructions, models = [{ id: "deepseek-v3.2-exp" }], tools = [], limits } = definition;
  if (typeof instructions !== "string" || instructions.trim() === "")
    throw new Error(`${called} has no instructions. Say in \`instructions\` what it is for.`);
  if (models.length === 0) throw new Error(`${called} has no model: leave \`models\` out, or name at least one.`);
  for (const [field, value] of Object.entries(limits ?? {})) {
    if (!(Number.isFinite(value) && value >= 0))
      throw new Error(`${called}: limits.${field} must be a number, 0 or more.`);
  }
  const own = new Set(tools.map(({ declaration }) => declaration.name));
  const more = transcriptTools.filter(({ declaration }) => !own.has(declaration.name));
  return {
    name,
    instructions,
    models,
    tools: createToolbox([...tools, ...more]),
    limits: { ...defaultLimits, ...limits },
    hooks: {
      ...(definition.before && { before: definition.before }),
      ...(definition.after && { after: definition.after }),
    },
  };
}

/** WHICH agent a turn ran with: a name made of all that decides how an agent answers, so that equal definitions have equal names in every deploy. Pure. */
import type { Prices } from "../core/cost.ts";
import type { Sampling } from "../core/entry.ts";
import { sha256 } from "../core/sha256.ts";
import type { Profile } from "../model/profile.ts";
import type { OfferedTool } from "../tools/tool.ts";

/** Of 64 hexadecimal digits: more than enough to tell the versions of an app apart, and short in a table. */
const digits = 16;

export interface ModelChoice {
  /** As the provider calls it. */
  id: string;
  /** Share of new sessions that begin with this model, against the other weights. */
  weight?: number;
  /** Another provider than `MODEL_BASE_URL`. */
  baseUrl?: string;
  /** Name of the secret that holds that provider's key. */
  keySecret?: string;
  /** For whom the provider works, where it has a parameter for that: it keeps caches and counts abuse by it. */
  userId?: "none" | "account" | "session";
  /**
   * What a million tokens cost, in micro-dollars: input that was cached, other input, output. It replaces what the catalog
   * knows. A model without a price is not called for an account that has a budget.
   */
  prices?: Prices;
  /** The window, in tokens. */
  contextTokens?: number;
  /** Most tokens of one answer, reasoning included. */
  maxTokens?: number;
  /** What else the catalog (`src/model/catalog.ts`) does not know about this model at this provider, such as `maxTokensField`. */
  profile?: Partial<Omit<Profile, "id" | "wireId" | "provider">>;
}

export interface AgentLimits {
  /** Most model calls in a turn; 12. */
  maxSteps: number;
  /** How long a turn may work since a person last sent or approved something in it, in seconds; 30 minutes. */
  turnSeconds: number;
  /** How long a call waits for a person's approval, for the client that runs it, or for the agent that it calls, in seconds; a day. */
  waitSeconds: number;
  /** How deep agents may call agents below a session that a caller made; 4. The least of all agents on the way holds. */
  maxDepth?: number;
  /** Most agents that one turn may call; 20. */
  maxChildren?: number;
}

/** All that decides how an agent answers, as JSON. */
export interface VersionContent {
  instructions: string;
  /** By name. */
  tools: readonly OfferedTool[];
  models: readonly [ModelChoice, ...ModelChoice[]];
  sampling?: Sampling;
  limits: AgentLimits;
  /** Its models were chosen for it, so the setting `MODEL` does not replace the first one. No part of the name. */
  namesModels?: true;
}

/**
 * `v_` and 16 hexadecimal digits of a SHA-256 over the canonical JSON of instructions, tools (name, description, strict
 * schema), models, sampling and limits. The order of tools and of keys does not count; that of models does. What is decided outside
 * of the definition is no part of it: settings, and the tools of MCP servers.
 */
export function versionOf({ instructions, tools, models, sampling, limits }: VersionContent): string {
  return `v_${sha256(canonicalJson({ instructions, tools, models, sampling, limits })).slice(0, digits)}`;
}

/** An agent's own part of it. */
type AgentContent = Omit<VersionContent, "tools"> & { tools: { declarations: readonly OfferedTool[] } };

/** What the version of an agent is made of. */
export function contentOf({ tools, ...agent }: AgentContent): VersionContent {
  const { instructions, models, sampling, limits, namesModels } = agent;
  const own = { ...(sampling && { sampling }), ...(namesModels && { namesModels }) };
  return { instructions, tools: tools.declarations, models, ...own, limits };
}

/** JSON with the keys of each object in order; what JSON cannot say is left out, as `JSON.stringify` does. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

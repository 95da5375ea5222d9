/** WHICH agent a turn ran with: a name made of all that decides how an agent answers, so that equal definitions have equal names in every deploy. Pure. */
import type { Sampling } from "../core/entry.ts";
import { sha256 } from "../core/sha256.ts";
import type { OfferedTool } from "../tools/tool.ts";
import type { Agent, AgentLimits, ModelChoice } from "./agent.ts";

/** Of 64 hexadecimal digits: more than enough to tell the versions of an app apart, and short in a table. */
const digits = 16;

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

/** What the version of an agent is made of. */
export function contentOf(agent: Omit<Agent, "version">): VersionContent {
  const { instructions, tools, models, sampling, limits, namesModels } = agent;
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

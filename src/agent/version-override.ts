/** HOW a version that an account has made over the code's agent becomes an agent again. Instructions, models, sampling and limits are the version's; of tools only the names are: what a tool is, the code decides. Pure. */
import type { Sampling } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { createToolbox, type Toolbox } from "../tools/tool.ts";
import { type Agent, transcriptToolNames } from "./agent.ts";
import type { AgentLimits } from "./version.ts";
import { canonicalJson, contentOf, type VersionContent, versionOf } from "./version.ts";

/** What a version changes of the one that the code defines; the rest stays. */
export interface VersionChanges {
  instructions?: string | undefined;
  /** Ids: of entries of the agent, which keep what they say, or of models at the app's provider. */
  models?: readonly [string, ...string[]] | undefined;
  sampling?: Sampling | undefined;
  limits?: Partial<AgentLimits> | undefined;
  /** Names of the agent's own tools. */
  tools?: readonly string[] | undefined;
}

/** A version as an account keeps it: it never changes. */
export interface KeptVersion {
  id: string;
  agent: string;
  createdAtMs: number;
  content: VersionContent;
  note?: string;
}

/** The agent with the changes. Throws `invalid_request` for a tool that the code does not have. */
export function changedAgent(agent: Agent, changes: VersionChanges): Agent {
  const { instructions = agent.instructions, models, sampling, limits, tools } = changes;
  const unknown = tools?.find((name) => agent.tools.get(name) === undefined);
  if (unknown !== undefined) throw noSuchTool(agent, unknown, "tools");
  const ids = models?.map((id) => agent.models.find((model) => model.id === id) ?? { id });
  const [first, ...others] = ids ?? agent.models;
  const isOther = ids !== undefined && canonicalJson(ids) !== canonicalJson(agent.models);
  return versioned({
    ...agent,
    instructions,
    ...(first && { models: [first, ...others] }),
    ...(isOther && { namesModels: true as const }),
    ...(sampling && { sampling }),
    limits: { ...agent.limits, ...limits },
    tools: tools === undefined ? agent.tools : withNames(agent.tools, tools),
  });
}

/** Names of tools that the version has and the code does not. */
export function missingTools(agent: Agent, { tools }: VersionContent): string[] {
  return tools.map(({ name }) => name).filter((name) => agent.tools.get(name) === undefined);
}

/** The agent of a stored version, over the code's. Its tools are those that the code still has; where they are others than when it was made, so is its version. */
export function agentOfVersion(agent: Agent, content: VersionContent): Agent {
  const { instructions, models, sampling, limits, tools, namesModels } = content;
  const { sampling: _, ...others } = agent;
  const names = tools.map(({ name }) => name);
  const own = { instructions, models, limits, tools: withNames(agent.tools, names) };
  return versioned({ ...others, ...own, ...(sampling && { sampling }), ...(namesModels && { namesModels }) });
}

/** The refusal of a version for a tool that it needs. */
export function noSuchTool(agent: Agent, tool: string, field: string): AppError {
  const own = agent.tools.all.map(({ declaration }) => declaration.name).join(", ");
  const detail = `${field}: the code of the agent "${agent.name}" has no tool "${tool.slice(0, 100)}". ${own === "" ? "It has none." : `It has: ${own}.`}`;
  return new AppError("invalid_request", detail, { field });
}

function versioned(agent: Agent): Agent {
  return { ...agent, version: versionOf(contentOf(agent)) };
}

/** With any tool come those that read the transcript, as in the code. */
function withNames({ all }: Toolbox, names: readonly string[]): Toolbox {
  const wanted = new Set(names.length === 0 ? [] : [...names, ...transcriptToolNames]);
  return createToolbox(all.filter(({ declaration }) => wanted.has(declaration.name)));
}

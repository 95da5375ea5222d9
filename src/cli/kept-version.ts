/** Versions that an account has made, as agents of the code in this folder. Reads them from a Worker; makes and changes none. */

import type { Agent } from "../agent/agent.ts";
import { changedAgent } from "../agent/version-override.ts";
import { defined } from "../core/defined.ts";
import type { WholeVersionJson } from "../wire/rollout-shapes.ts";
import { UsageError } from "./usage.ts";

/** Where versions are kept: a Worker and its key, of an account or with the right "operate". */
export interface VersionSourceAddress {
  url: string;
  key: string;
}

/**
 * The agent as it is in that version. Throws a `UsageError` where the Worker does not have it, and where the code here makes
 * something else of it: other tools, or other entries of its models.
 */
export async function keptVersion(
  agent: Agent,
  version: string,
  from: VersionSourceAddress | undefined,
): Promise<Agent> {
  if (version === agent.version) return agent;
  if (from === undefined)
    throw new UsageError(
      `${version} is not the version ${agent.version} that this code has of the agent ${agent.name}. Name the Worker that keeps it: --versions-from URL and --key KEY.`,
    );
  const { instructions, models, sampling, limits, tools } = await readVersion(agent, version, from);
  const [first, ...others] = models;
  const made = changedAgent(agent, {
    instructions,
    tools: tools.filter((name) => agent.tools.get(name) !== undefined),
    ...(first !== undefined && { models: [first, ...others] }),
    ...(Object.keys(sampling).length > 0 && { sampling: samplingOf(sampling) }),
    limits: {
      maxSteps: limits.max_steps,
      turnSeconds: limits.turn_seconds,
      waitSeconds: limits.wait_seconds,
    },
  });
  if (made.version === version) return made;
  throw new UsageError(
    `The code here makes ${made.version} of what the Worker keeps as ${version}: its tools, or the entries of its models, are others. Check out the code that the Worker runs.`,
  );
}

function samplingOf({ temperature, top_p, frequency_penalty, presence_penalty }: WholeVersionJson["sampling"]) {
  return {
    ...defined({ temperature }),
    ...(top_p !== undefined && { topP: top_p }),
    ...(frequency_penalty !== undefined && { frequencyPenalty: frequency_penalty }),
    ...(presence_penalty !== undefined && { presencePenalty: presence_penalty }),
  };
}

async function readVersion(
  { name }: Agent,
  version: string,
  { url, key }: VersionSourceAddress,
): Promise<WholeVersionJson> {
  const target = new URL(`/v1/agents/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`, url);
  const headers = { Authorization: `Bearer ${key}` };
  const answer = await fetch(target, { headers, signal: AbortSignal.timeout(30_000) }).catch((error: Error) => {
    throw new UsageError(`${target.origin} does not answer: ${error.message}`);
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as WholeVersionJson;
  const { detail = text.slice(0, 500) } = readProblem(text);
  throw new UsageError(`${version} cannot be read from ${target.origin}: ${detail}`);
}

function readProblem(text: string): { detail?: string } {
  try {
    return JSON.parse(text) as { detail?: string };
  } catch {
    return {};
  }
}

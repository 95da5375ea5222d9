/** The `tools` of a message, as OpenAI declares functions: they run at the client, and the turn waits for their results. */
import * as z from "zod/mini";
import type { Agent } from "../agent/agent.ts";
import type { ClientTool } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { mostTools } from "../tools/tool.ts";
import { type FunctionTool, functionTool } from "./function-tool.ts";

/** Their number depends on the agent: see `clientToolsOf`. */
export const clientTools = lazySchema(() =>
  z.array(functionTool).check(z.maxLength(mostTools, `must be at most ${mostTools}`)),
);

/** Providers take at most 128 tools in all, the agent's own among them. */
export function mostClientTools({ tools }: Agent): number {
  return mostTools - tools.declarations.length;
}

/** `at`: where in a tool its name is. `replaces`: a tool with the name of one of the agent's takes its place in the turn. */
export interface ToolNaming {
  at?: string;
  replaces?: boolean;
}

/** The tools as a turn keeps them; an AppError when there are too many beside the agent's own, or when a name is there twice, or is one of the agent's that cannot be replaced. */
export function clientToolsOf(
  agent: Agent,
  tools: readonly FunctionTool[],
  { at = "function.name", replaces = false }: ToolNaming = {},
): ClientTool[] {
  const most = mostClientTools(agent);
  if (tools.length > most) {
    const detail = `tools: must be at most ${most}, since the agent has tools of its own.`;
    throw new AppError("invalid_request", detail, { field: "tools" });
  }
  const names = new Set(replaces ? [] : agent.tools.declarations.map(({ name }) => name));
  return tools.map(({ function: { name, description, parameters, strict } }, place) => {
    if (names.has(name)) {
      const field = `tools.${place}.${at}`;
      throw new AppError("invalid_request", `${field}: "${name}" is taken. Use another name.`, { field });
    }
    names.add(name);
    const schema = parameters ?? { type: "object", properties: {} };
    return { name, description: description ?? "", parameters: schema, ...(strict && { strict }) };
  });
}

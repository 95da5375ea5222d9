/** The `tools` of a message, as OpenAI declares functions: they run at the client, and the turn waits for their results. */
import * as z from "zod";
import { agent } from "../agent.ts";
import type { ClientTool } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { type FunctionTool, functionTool } from "../dialects/function-tool.ts";

/** Providers take at most 128 tools in all, the agent's own among them (api-docs.deepseek.com, create-chat-completion). */
const mostTools = 128 - agent.tools.declarations.length;

export const clientTools = z
  .array(functionTool)
  .max(mostTools, `must be at most ${mostTools}, since the agent has tools of its own`);

/** The tools as a turn keeps them; an AppError when a name is there twice, or is one of the agent's. */
export function clientToolsOf(tools: readonly FunctionTool[]): ClientTool[] {
  const names = new Set(agent.tools.declarations.map(({ name }) => name));
  return tools.map(({ function: { name, description, parameters, strict } }, place) => {
    if (names.has(name)) {
      const detail = `tools.${place}.function.name: "${name}" is taken. Use another name.`;
      throw new AppError("invalid_request", detail, { field: `tools.${place}.function.name` });
    }
    names.add(name);
    const schema = parameters ?? { type: "object", properties: {} };
    return { name, description: description ?? "", parameters: schema, ...(strict && { strict }) };
  });
}

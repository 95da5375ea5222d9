/** Decides which of the offered tools a message allows the model to use (OpenAI's `tool_choice` of type `allowed_tools`). Pure. */
import type { TurnOptions } from "./entry.ts";

/** Whether the turn may use the tool of this name. */
export function isAllowed(name: string, { allowedTools, tools = [] }: TurnOptions): boolean {
  if (allowedTools === undefined || allowedTools.names.includes(name)) return true;
  return allowedTools.own === true && !tools.some((tool) => tool.name === name);
}

/** The tools in words, for the model that called another one. */
export function allowedWords({ allowedTools }: TurnOptions): string {
  const { names = [], own } = allowedTools ?? {};
  return [...names, ...(own ? ["the server's own tools"] : [])].join(", ");
}

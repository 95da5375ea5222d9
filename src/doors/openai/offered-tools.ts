/** Refuses a choice of tools that names one which is not offered: the answer would be another than the one that was asked for. */
import type { Agent } from "../../agent/agent.ts";
import type { TurnOptions } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";

/** The tools of the agent's MCP servers are not known here: none of them can be named. */
export function mustOfferChosen({ tools: own }: Agent, { toolChoice, allowedTools, tools = [] }: TurnOptions): void {
  const offered = new Set([...tools, ...own.declarations].map(({ name }) => name));
  const chosen = [...(typeof toolChoice === "object" ? [toolChoice.name] : []), ...(allowedTools?.names ?? [])];
  const unknown = chosen.find((name) => !offered.has(name));
  if (unknown === undefined) return;
  const detail = `tool_choice: there is no tool "${unknown}".`;
  throw new AppError("invalid_request", detail, { field: "tool_choice" });
}

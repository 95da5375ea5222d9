/** A tool as the page shows it, with its input or without, and what it made of a try. */
import type { AgentDetailsJson, AgentJson } from "../../wire/shapes.ts";

export type ShownTool = AgentJson["tools"][number] & Partial<Pick<AgentDetailsJson["tools"][number], "parameters">>;

/** `POST /v1/agents/:agent/tools/:tool/run`. */
export interface ToolRunJson {
  content: string;
  is_error: boolean;
  ms: number;
}

/** An agent as those see it who may operate it: `GET /v1/agents/:agent`, and what a tool made of a try. */
import type { AgentJson } from "../../wire/shapes.ts";

export type ToolDetailsJson = AgentJson["tools"][number] & { parameters?: unknown };

export interface AgentDetailsJson extends Omit<AgentJson, "models" | "tools" | "channels"> {
  instructions: string;
  models: { id: string; weight: number | null; base_url: string | null; prices: Prices | null }[];
  tools: ToolDetailsJson[];
  limits: { max_steps: number; turn_seconds: number; wait_seconds: number };
  channels: { name: string; configured: boolean; needs: string }[];
}
interface Prices {
  input: number;
  cached: number;
  output: number;
}

export interface ToolRunJson {
  content: string;
  is_error: boolean;
  ms: number;
}

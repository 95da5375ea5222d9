/** Maps a caller's reasoning effort to a model's thinking setting. Pure. */
import type { Thinking } from "./entry.ts";

/** OpenAI's efforts, and DeepSeek's `max`. */
export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof efforts)[number];

/** The levels are DeepSeek's own mapping (api-docs.deepseek.com, thinking mode); a model without levels thinks or does not. */
export function thinkingByEffort(effort: Effort, hasLevels: boolean): Thinking {
  if (effort === "none") return false;
  if (!hasLevels) return effort !== "minimal";
  switch (effort) {
    case "minimal":
    case "low":
      return "low";
    case "max":
      return "max";
    default:
      return "high";
  }
}

/** The state of a session in the list: what it does now, or how its last turn ended. Pure. */
import type { PageSession } from "../shell/shapes.ts";

/** `dot`: the class that colours it; `words`: what is read. */
export function outcomeOf({ status, last_turn, broken }: Pick<PageSession, "status" | "last_turn" | "broken">): {
  dot: string;
  words: string;
} {
  if (broken !== undefined) return { dot: "failed", words: "damaged" };
  if (status !== "idle") return { dot: status, words: status };
  switch (last_turn?.reason) {
    case undefined:
    case "completed":
      return { dot: "idle", words: "idle" };
    case "failed":
      return { dot: "failed", words: "failed" };
    case "budget_exhausted":
      return { dot: "failed", words: "out of budget" };
    case "length":
    case "step_limit":
      return { dot: "waiting", words: "cut off" };
    default:
      return { dot: "stopped", words: "stopped" };
  }
}

/** What the list can be narrowed to: the value of `reason`, and its words. */
export const outcomes: readonly [reason: string, words: string][] = [
  ["", "All"],
  ["completed", "Completed"],
  ["failed", "Failed"],
  ["budget_exhausted", "Out of budget"],
  ["cancelled", "Stopped"],
  ["interrupted", "Interrupted"],
  ["length", "Cut off"],
  ["step_limit", "Too many steps"],
];

/** The text that shows the person at the page how a turn ended, and what to do about it: the server's own text where it sent one. Pure. */
import type { FailureJson } from "../../wire/shapes.ts";

/** `undefined` for a turn that ended as it should. */
export function endingWords(reason: string, error?: FailureJson): string | undefined {
  switch (reason) {
    case "completed":
      return undefined;
    case "length":
      return "The answer was cut off: it became too long. Ask the assistant to go on.";
    case "step_limit":
      return "The assistant stopped before it was done. Say “go on”.";
    case "cancelled":
      return "Stopped. What was said is kept.";
    case "interrupted":
      return "Interrupted by a newer message. What was said is kept.";
    case "budget_exhausted":
      return (
        error?.message ??
        "The assistant has used up what it may spend; please ask the people who run it for more of its budget."
      );
    case "failed":
      return error?.message ?? "Something went wrong here; please send the message again.";
    default:
      return `The turn ended: ${reason}.`;
  }
}

/** What the operator can do about it, where there is more to show than to the person. */
export function operatorWords(reason: string, error?: FailureJson): string[] {
  if (reason === "step_limit")
    return ["The turn made the most model calls that limits.maxSteps of the agent allows. Raise it."];
  if (error === undefined) return [];
  return error.detail === error.message ? [] : [error.detail];
}

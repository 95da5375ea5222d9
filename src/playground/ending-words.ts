/** Says how a turn ended, and what to do about it. Pure. */

/** `undefined` for a turn that ended as it should. */
export function endingWords(reason: string, error?: { code: string; detail: string }): string | undefined {
  switch (reason) {
    case "completed":
      return undefined;
    case "length":
      return "The answer was cut off: it reached the most tokens a reply may have. Ask it to go on.";
    case "step_limit":
      return "The turn made its most model calls before it was done. Say “go on”, or raise limits.maxSteps of the agent.";
    case "cancelled":
      return "Stopped. What was said is kept.";
    case "interrupted":
      return "Interrupted by a newer message. What was said is kept.";
    case "budget_exhausted":
      return (
        error?.detail ?? "The account's budget is used up. Whoever runs this server can raise it through /v1/admin."
      );
    case "failed":
      return error === undefined ? "The turn failed. Try it again." : `The turn failed: ${error.detail}`;
    default:
      return `The turn ended: ${reason}.`;
  }
}

import { expect, it } from "vitest";
import { childResult } from "../../src/delegation/child-result.ts";

it.each([
  ["completed", "", false, /nothing to say/],
  ["completed", "Snow.", false, /^Snow\.$/],
  ["length", "Snow", false, /^Snow\n\n\[The agent "w" was cut off here/],
  ["step_limit", "", false, /^\[The agent "w" stopped before it was done/],
  ["failed", "Sno", true, /failed\. No key\. Try another way.*\n\nWhat it had written until then:\nSno$/s],
  ["budget_exhausted", "", true, /its share of the budget is used up/],
  ["cancelled", "", true, /was stopped/],
  ["interrupted", "", true, /was stopped/],
  ["erased", "", true, /session was erased/],
] as const)("[DELEG-5] a child that ended as %s with %j is a result", (reason, answer, isError, says) => {
  const result = childResult("w", { reason, answer, ...(reason === "failed" && { why: "No key." }) });
  expect(result).toEqual({ isError, content: expect.stringMatching(says) });
});

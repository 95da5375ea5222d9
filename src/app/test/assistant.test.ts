/** The test of the agent: what it does with a model that says what the test says. */
import { runAgent, scripted } from "longline/test";
import { expect, it } from "vitest";
import { assistant } from "../agents/assistant.ts";

it("computes with its calculator", async () => {
  const model = scripted([{ calls: [{ name: "calculator", input: { expression: "17 * 23" } }] }, "It is 391."]);
  const run = await runAgent(assistant, "What is 17 * 23?", { model });
  expect(run.calls).toMatchObject([{ name: "calculator", result: expect.stringContaining("391"), isError: false }]);
  expect(run.text).toBe("It is 391.");
});

/** The agents of the delegation soak: one that calls others, side by side and below one another, with a share of money and with hooks. What their model answers is `harness/crew-model.ts`. */
import * as z from "zod";
import { type AgentDefinition, defineAgent } from "../../src/agent/agent.ts";
import { asTool, delegate } from "../../src/delegation/delegate.ts";
import { reviewBudgetMicros } from "./harness/crew-model.ts";

const models = [{ id: "deepseek-flash" }] as const;
const limits = { maxSteps: 12, turnSeconds: 120, waitSeconds: 7_200 };

const fact: AgentDefinition = { instructions: "You are the fact.", models, limits };
const researcher: AgentDefinition = {
  instructions: "You are the researcher.",
  models,
  limits,
  tools: [delegate({ fact }, { name: "ask_fact" })],
};
const writer: AgentDefinition = { instructions: "You are the writer.", models, limits };
const reviewer: AgentDefinition = { instructions: "You are the reviewer.", models, limits };

export const chief = defineAgent({
  instructions: "You are the chief.",
  models,
  limits,
  tools: [
    delegate({ researcher, writer }),
    asTool(reviewer, {
      name: "reviewer",
      description: "Reviews.",
      output: z.object({ good: z.boolean() }),
      budgetMicros: reviewBudgetMicros,
    }),
  ],
  // An answer that a hook sees is taken another way than one that none sees: half of them.
  after: ({ name }, { content }) => (name === "reviewer" ? { content: `${content} ` } : undefined),
});

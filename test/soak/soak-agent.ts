/** The agent of the soak: one tool per kind of effect, each a call of the harness's tool server. */
import { env } from "cloudflare:workers";
import * as z from "zod";
import { defineAgent } from "../../src/agent/agent.ts";
import type { Effect } from "../../src/core/next-step.ts";
import { defineTool, type Tool } from "../../src/tools/tool.ts";
import { type PlanPart, runPlan } from "./step-plan.ts";

const { HARNESS_URL } = env as unknown as { HARNESS_URL: string };

/** A tool that the harness runs: it is told which call this is, and counts. A refusal is thrown, so that it becomes an error result. */
function remote(name: string, effect: Effect, more: { approval?: "always" } = {}): Tool {
  return defineTool({
    name,
    description: `The harness's tool ${name}.`,
    input: z.object({ item: z.string() }),
    effect,
    ...more,
    run: async ({ item }, { callId, idempotencyKey, signal, fetch }) => {
      const body = JSON.stringify({ name, item, callId, idempotencyKey });
      const response = await fetch(`${HARNESS_URL}/tool`, { method: "POST", body, signal });
      const text = await response.text();
      if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`);
      return text;
    },
  });
}

/** Runs a plan in durable steps; each `do` is one request to the harness. */
const work = defineTool({
  name: "work",
  description: "Runs a plan.",
  input: z.object({ plan: z.string() }),
  effect: "keyed",
  run: async ({ plan }, { step, signal, fetch }) =>
    runPlan(JSON.parse(plan) as PlanPart[], step, async (of) => {
      const response = await fetch(`${HARNESS_URL}/effect`, { method: "POST", body: JSON.stringify(of), signal });
      return response.text();
    }),
});

export const agent = defineAgent({
  instructions: "You are the agent of a kill soak.",
  models: [{ id: "deepseek-flash" }],
  tools: [
    remote("look", "none"),
    remote("book", "keyed"),
    remote("pay", "unsafe"),
    remote("wire_money", "unsafe", { approval: "always" }),
    work,
  ],
  limits: { maxSteps: 12, turnSeconds: 120, waitSeconds: 600 },
});

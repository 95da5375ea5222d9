/** The calls that the page alone needs, described. */
import * as z from "zod/mini";
import { agentDetails } from "../../wire/agent-shapes.ts";
import type { Operation } from "../operation.ts";
import { toolTry } from "./agent-details.ts";

const operate = { tag: "Agents" } as const;
const forAccount = z.object({ account: z.optional(z.string()) });
const outcome = z.object({ content: z.string(), is_error: z.boolean(), duration_ms: z.int().check(z.minimum(0)) });

export const playgroundOperations: Record<string, Operation> = {
  "GET /v1/agents/{agent}": {
    ...operate,
    summary: "The definition of an agent: instructions, models with prices, tools with their input, limits, channels",
    query: forAccount,
    answers: { 200: { what: "The agent.", schema: agentDetails } },
    refusals: [403, 404],
  },
  "POST /v1/agents/{agent}/tools/{tool}/run": {
    ...operate,
    summary: "Tries a tool whose effect is `none`, outside of a session",
    query: forAccount,
    body: toolTry,
    answers: { 200: { what: "What the tool made of it.", schema: outcome } },
    refusals: [403, 404, 409],
  },
};

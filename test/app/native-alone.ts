/** The smallest Worker: the native door alone, with one tool. What it weighs is asserted (E2E-7). */
import { defineAgent, defineTool, longline } from "longline";
import * as z from "zod/mini";

const roll = defineTool({
  name: "roll",
  description: "Rolls a die.",
  input: z.object({ sides: z.int().check(z.minimum(2), z.maximum(100)) }),
  effect: "none",
  run: ({ sides }) => String(1 + Math.floor(Math.random() * sides)),
});

const app = longline({ agents: { dice: defineAgent({ instructions: "You roll dice.", tools: [roll] }) } });

export const { Session, Account } = app;
export default app;

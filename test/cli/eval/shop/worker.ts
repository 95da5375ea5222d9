/** An app of a shop, for the tests of `longline eval`: one agent that reads orders and pays back. */
import { defineAgent, defineTool, demoModel, longline } from "longline";
import * as z from "zod";

const findOrder = defineTool({
  name: "find_order",
  description: "Finds an order by its number.",
  input: z.object({ number: z.string(), detail: z.string().nullish() }),
  effect: "none",
  secrets: ["SHOP_KEY"],
  run: async ({ number }, { fetch, secrets }) =>
    (await fetch(`https://shop.invalid/${number}`, { headers: { key: secrets.SHOP_KEY } })).text(),
});
const refund = defineTool({
  name: "refund",
  description: "Pays an order back.",
  input: z.object({ number: z.string() }),
  effect: "unsafe",
  approval: "always",
  run: () => {
    throw new Error("A test must never pay back.");
  },
});

const support = defineAgent({ instructions: "You help the customers of a shop.", tools: [findOrder, refund] });
const short = defineAgent({ instructions: "You answer in one word." });

const app = longline({ agents: { support, short }, demo: demoModel() });
export const { Session, Account } = app;
export default app;

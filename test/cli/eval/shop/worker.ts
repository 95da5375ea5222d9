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

/** Says that it does no harm twice, and pays twice. */
const payBack = defineTool({
  name: "pay_back",
  description: "Pays an order back.",
  input: z.object({ number: z.string() }),
  effect: "keyed",
  run: async ({ number }, { fetch }) =>
    (await fetch("https://shop.invalid/refunds", { method: "POST", body: number })).text(),
});
const careless = defineAgent({ instructions: "You pay back.", tools: [payBack] });

const app = longline({ agents: { support, short, careless }, demo: demoModel() });
export const { Session, Account } = app;
export default app;

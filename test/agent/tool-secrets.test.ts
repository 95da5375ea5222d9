import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type AgentDefinition, resolveAgent } from "../../src/agent/agent.ts";
import { toolSecrets } from "../../src/agent/tool-secrets.ts";
import { defineTool } from "../../src/tools/tool.ts";

const tool = (name: string, secrets: string[]) =>
  defineTool({ name, description: "Looks.", input: z.object({}), effect: "none", secrets, run: () => "" });
const agent = (tools: AgentDefinition["tools"] = []) => resolveAgent("shop", { instructions: "Sell.", tools });
const read = (tools: AgentDefinition["tools"], given: Record<string, string>) =>
  toolSecrets([agent(tools)], { SESSIONS: {}, ...given } as never);

describe("the secrets that tools declare", () => {
  it("[WORLD-2] are read by name, and no others", () => {
    const tools = [tool("find", ["SHOP_KEY"]), tool("pay", ["SHOP_KEY", "BANK_KEY"])];
    expect(read(tools, { SHOP_KEY: "one", BANK_KEY: "two", API_KEY: "three" })).toEqual({
      SHOP_KEY: "one",
      BANK_KEY: "two",
    });
  });

  it("[WORLD-2] stop the Worker at start where one is missing, empty or an example: its name, its tool, the command", () => {
    const tools = [tool("find", ["SHOP_KEY"]), tool("pay", ["BANK_KEY"])];
    for (const given of [{}, { SHOP_KEY: "" }, { SHOP_KEY: "your-shop-key" }])
      expect(() => read(tools, { BANK_KEY: "two", ...given })).toThrow(
        "- SHOP_KEY is not set: the tool find of the agent shop needs it. Run npx wrangler secret put SHOP_KEY, or add it to .dev.vars for npm run dev.",
      );
    expect(() => read(tools, {})).toThrow(/SHOP_KEY[\s\S]*BANK_KEY/);
  });

  it("[WORLD-2] a name that is none is refused where the tool is defined", () => {
    expect(() => tool("find", ["shop key"])).toThrow('Tool "find": "shop key" is no name of a secret');
  });
});

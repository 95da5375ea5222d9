import { describe, expect, it } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";
import { MemorySession } from "../../src/test-kit/memory-session.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { createToolbox } from "../../src/tools/tool.ts";
import { agent } from "../app/agent.ts";

const apiKey = process.env.MODEL_API_KEY ?? process.env.COMETAPI_KEY;
const baseUrl = process.env.MODEL_BASE_URL ?? "https://api.cometapi.com/v1";
const modelId = process.env.MODEL ?? agent.models[0].id;

if (apiKey === undefined) console.log("live: skipped, because neither MODEL_API_KEY nor COMETAPI_KEY is set");

/** Costs a few hundred micro-dollars. */
describe.skipIf(apiKey === undefined)(`${modelId} at ${baseUrl}`, () => {
  const session = new MemorySession({
    profile: profileFor({ modelId, baseUrl, demo: false }),
    baseUrl,
    apiKey,
    fetch,
    tools: createToolbox([calculator]),
    instructions: `${agent.instructions}\n\n${"The harbor master counts the ships that enter and leave. ".repeat(40)}`,
  });

  it("[LIVE-1] calls a tool and answers from its result", async () => {
    expect(await session.ask("What is 1234 * 5678? Use the calculator.")).toMatchObject({ reason: "completed" });
    const reply = session.entries.findLast((entry) => entry.type === "assistant");
    expect(reply?.type === "assistant" && reply.content.replace(/[,.\s]/g, "")).toContain("7006652");
    expect(session.entries.some((entry) => entry.type === "tool" && !entry.isError)).toBe(true);
  }, 120_000);

  it("[LIVE-2] reads its prefix from the cache after the first request", async () => {
    const { usage } = await session.ask("And 2 * 3?");
    expect(usage.cachedTokens).toBeGreaterThan(0);
  }, 120_000);
});

import { describe, expect, it } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";
import { probe, probeCommand } from "../live/probe.ts";
import { differences, probeReport, profileLiteral } from "../live/probe-report.ts";
import * as p from "./probe-providers.ts";

const all = {
  d: [p.deepseekLike, "https://api.deepseek.com", "deepseek-v4-flash"],
  c: [p.cometLike, "https://api.cometapi.com/v1", "deepseek-v3.2-exp"],
  o: [p.openRouterLike, "https://openrouter.ai/api/v1", "deepseek/deepseek-v3.2"],
  a: [p.openAiLike, "https://api.openai.com/v1", "gpt-4o"],
  b: [p.brokenLike, "https://example.com/v1", "m"],
  t: [p.toollessLike, "http://127.0.0.1:8080/v1", "small"],
} as const;
it.each(Object.entries(all))("%s", async (_, [make, baseUrl, modelId]) => {
  const x = make();
  const f = await probe({ baseUrl, modelId, apiKey: p.goodKey, fetch: x.fetch });
  console.log(JSON.stringify(f), "\n", probeReport(f));
});

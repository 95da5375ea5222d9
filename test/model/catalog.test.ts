import { describe, expect, it } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";

const cometBase = "https://api.cometapi.com/v1";

describe("profileFor", () => {
  it("[PROFILE-1] knows CometAPI's DeepSeek-V3.2-Exp", () => {
    expect(profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: cometBase, demo: false })).toEqual({
      provider: "cometapi",
      id: "deepseek-v3.2-exp",
      wireId: "deepseek-v3.2-exp",
      strictTools: true,
      thinking: { by: "model_id", on: "DeepSeek-V3.2-Exp-thinking", off: "DeepSeek-V3.2-Exp-nothinking" },
      thinkingDefault: undefined,
      reasoningReplay: "strip",
      maxTokens: 8192,
      contextTokens: 131_072,
      cacheBlockTokens: 64,
      prices: { hit: 220_000, miss: 220_000, output: 350_000 },
    });
  });

  it.each(["http://127.0.0.1:9000/v1", "http://localhost:1/v1", "http://[::1]/v1"])(
    "[PROFILE-2] takes a loopback address (%s) for a stand-in of the provider",
    (baseUrl) => {
      expect(profileFor({ modelId: "deepseek-v3.2-exp", baseUrl, demo: false }).provider).toBe("cometapi");
    },
  );

  it("[PROFILE-3] leaves a model alone whose id already says whether it thinks", () => {
    const profile = profileFor({ modelId: "DeepSeek-V3.2-Exp-thinking", baseUrl: cometBase, demo: false });
    expect(profile).toMatchObject({
      provider: "cometapi",
      wireId: "DeepSeek-V3.2-Exp-thinking",
      thinking: { by: "nothing" },
    });
  });

  it("[PROFILE-4] gives the demo model DeepSeek's list prices and thinking by parameter, whatever is configured", () => {
    expect(profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: cometBase, demo: true })).toMatchObject({
      provider: "demo",
      id: "demo",
      thinking: { by: "parameter" },
      thinkingDefault: true,
      prices: { hit: 28_000, miss: 280_000, output: 420_000 },
    });
  });

  it.each([
    ["deepseek-v3.2-exp", "https://example.com/v1"],
    ["deepseek-v3.2-exp", "https://api.cometapi.com.example.com/v1"],
    ["gpt-5", cometBase],
    ["gpt-5", "not a url"],
  ])("[PROFILE-5] asks of %s at %s only what every provider takes", (modelId, baseUrl) => {
    expect(profileFor({ modelId, baseUrl, demo: false })).toMatchObject({
      provider: "generic",
      id: modelId,
      wireId: modelId,
      strictTools: false,
      thinking: { by: "nothing" },
      prices: { hit: 0, miss: 0, output: 0 },
    });
  });
});

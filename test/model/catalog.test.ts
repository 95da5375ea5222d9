import { describe, expect, it } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";
import { pricesAt } from "../../src/model/profile.ts";

const cometBase = "https://api.cometapi.com/v1";

describe("profileFor", () => {
  it("[PROFILE-1] knows CometAPI's DeepSeek-V3.2-Exp", () => {
    expect(profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: cometBase, demo: false })).toEqual({
      provider: "cometapi",
      id: "deepseek-v3.2-exp",
      wireId: "deepseek-v3.2-exp",
      strict: "field",
      thinksWithTools: true,
      forcedTool: "not_thinking",
      jsonModes: { object: true, schema: false },
      continuation: false,
      maxTokensThinking: 8192,
      known: true,
      thinking: { by: "model_id", on: "DeepSeek-V3.2-Exp-thinking", off: "DeepSeek-V3.2-Exp-nothinking" },
      thinkingDefault: undefined,
      reasoningReplay: "strip",
      leaksCalls: true,
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
      strict: "none",
      known: false,
      thinking: { by: "nothing" },
      prices: { hit: 0, miss: 0, output: 0 },
    });
  });
});

describe("DeepSeek's own models", () => {
  const flash = profileFor({ modelId: "deepseek-flash", baseUrl: "https://api.deepseek.com", demo: false });

  it("[PROFILE-6] are strict at /beta, think by parameter, want their reasoning back and can be continued", () => {
    expect(flash).toMatchObject({
      provider: "deepseek",
      strict: "beta",
      thinking: { by: "parameter" },
      reasoningReplay: "replay",
      continuation: true,
      contextTokens: 1_048_576,
      known: true,
    });
    expect(profileFor({ modelId: "deepseek-v4-pro", baseUrl: "https://api.deepseek.com", demo: false })).toMatchObject({
      prices: { hit: 22_000, miss: 660_000, output: 1_980_000 },
    });
  });

  it.each([
    ["2026-11-23T00:59:59Z", 3_000],
    ["2026-11-23T01:00:00Z", 6_000],
    ["2026-11-23T03:59:59Z", 6_000],
    ["2026-11-23T04:00:00Z", 3_000],
    ["2026-11-23T06:00:00Z", 6_000],
    ["2026-11-23T10:00:00Z", 3_000],
    ["2026-11-21T02:00:00Z", 3_000],
    ["2026-11-22T02:00:00Z", 3_000],
  ])("[PROFILE-7] cost more in peak hours on weekdays: at %s a hit costs %i", (at, hit) => {
    expect(pricesAt(flash, Date.parse(at)).hit).toBe(hit);
  });

  it("[PROFILE-7] other prices do not change with the hour", () => {
    const comet = profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: "https://api.cometapi.com/v1", demo: false });
    expect(pricesAt(comet, Date.parse("2026-11-23T02:00:00Z"))).toBe(comet.prices);
  });

  it("[PROFILE-6] CometAPI's V3.2 wants its reasoning back, OpenRouter's models are asked for what every host takes", () => {
    const comet = profileFor({ modelId: "deepseek-v3.2", baseUrl: "https://api.cometapi.com/v1", demo: false });
    expect(comet).toMatchObject({ provider: "cometapi", reasoningReplay: "replay", maxTokens: 4096 });
    const router = profileFor({
      modelId: "deepseek/deepseek-v3.2-exp",
      baseUrl: "https://openrouter.ai/api/v1",
      demo: false,
    });
    expect(router).toMatchObject({ provider: "openrouter", strict: "none", thinking: { by: "nothing" } });
  });

  it("[PROFILE-8] DeepSeek's models leak calls wherever they are served; others, and the demo model, do not", () => {
    const leaks = (modelId: string, baseUrl: string) => profileFor({ modelId, baseUrl, demo: false }).leaksCalls;
    const vllm = "https://vllm.example/v1";
    expect(["deepseek-ai/DeepSeek-V3.1", "deepseek.v3-v1:0"].map((id) => leaks(id, vllm))).toEqual([true, true]);
    expect(leaks("deepseek/deepseek-v3.2", "https://openrouter.ai/api/v1")).toBe(true);
    expect(leaks("deepseek-v4-pro", "https://api.deepseek.com")).toBe(true);
    expect(["gpt-5", "qwen3-coder", "kimi-k2"].map((id) => leaks(id, vllm))).toEqual([false, false, false]);
    expect(profileFor({ modelId: "demo", baseUrl: vllm, demo: true }).leaksCalls).toBe(false);
  });
});

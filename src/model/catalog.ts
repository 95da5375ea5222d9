/** The table of what is known about models at providers. Decides nothing else, and never calls a provider to find out. */
import { thinkingLevels } from "../core/entry.ts";
import type { Profile } from "./profile.ts";

type Abilities = Omit<Profile, "id" | "wireId" | "known">;

interface CatalogRow {
  ids: readonly string[];
  hosts: readonly string[];
  abilities: Abilities;
}

const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** DeepSeek-V3.2-Exp, at any host. Context 128K, cache unit 64 tokens: DeepSeek's documentation of that model, autumn 2025. */
const v32Exp = {
  strict: "field",
  // Its own thinking mode never had tools (api-docs.deepseek.com/guides/tool_calls: "starting from V3.2"); other hosts may.
  thinksWithTools: true,
  forcedTool: "not_thinking",
  jsonModes: { object: true, schema: false },
  continuation: false,
  reasoningReplay: "strip",
  leaksCalls: true,
  // The documented maximum without thinking, and allowed with it. A higher figure is refused when thinking is off.
  maxTokens: 8192,
  maxTokensThinking: 8192,
  contextTokens: 131_072,
  cacheBlockTokens: 64,
} as const;

/** CometAPI's page of 2025-09-30: $0.22 in, $0.35 out per million. It names no price for cached input, so a hit is billed as a miss. */
const cometExp: Abilities = {
  ...v32Exp,
  provider: "cometapi",
  thinking: { by: "model_id", on: "DeepSeek-V3.2-Exp-thinking", off: "DeepSeek-V3.2-Exp-nothinking" },
  thinkingDefault: undefined,
  prices: { hit: 220_000, miss: 220_000, output: 350_000 },
};

/** CometAPI's page of V3.2: $0.27 in, $1.08 out, 128K context, 4K out. */
const cometV32: Abilities = {
  ...cometExp,
  thinking: { by: "parameter" },
  reasoningReplay: "replay",
  maxTokens: 4096,
  maxTokensThinking: 4096,
  prices: { hit: 270_000, miss: 270_000, output: 1_080_000 },
};

/** DeepSeek's own V4 models: api-docs.deepseek.com, thinking mode, pricing and tool calls, September to October 2026. */
const deepseekV4 = {
  provider: "deepseek",
  strict: "beta",
  thinking: { by: "parameter" },
  thinkingLevels,
  userId: "auto",
  thinkingDefault: true,
  thinksWithTools: true,
  forcedTool: "not_thinking",
  jsonModes: { object: true, schema: false },
  continuation: true,
  reasoningReplay: "replay",
  leaksCalls: true,
  maxTokens: 8192,
  maxTokensThinking: 65_536,
  contextTokens: 1_048_576,
  cacheBlockTokens: 128,
} as const;

/** Monday to Friday 01:00-04:00 and 06:00-10:00 UTC; twice the price. */
const peak = {
  weekdays: [1, 2, 3, 4, 5],
  hours: [
    [1, 4],
    [6, 10],
  ],
} as const;

/** The built-in model. Prices are DeepSeek's own for V3.2-Exp, 2025-09-29: $0.028 hit, $0.28 miss, $0.42 out per million. */
const demo: Profile = {
  ...v32Exp,
  provider: "demo",
  id: "demo",
  wireId: "demo",
  thinking: { by: "parameter" },
  thinkingDefault: true,
  // It repeats what people wrote, and leaks nothing.
  leaksCalls: false,
  prices: { hit: 28_000, miss: 280_000, output: 420_000 },
  known: true,
};

/** Anything OpenAI-compatible: only what every such provider takes; a host that refuses some of it is learned from (`request-change.ts`). Its prices are unknown and therefore nought. */
const generic: Abilities = {
  provider: "generic",
  strict: "none",
  thinking: { by: "nothing" },
  thinkingDefault: undefined,
  thinksWithTools: true,
  forcedTool: "never",
  jsonModes: { object: false, schema: false },
  continuation: false,
  reasoningReplay: "strip",
  leaksCalls: false,
  maxTokens: 4096,
  maxTokensThinking: 4096,
  contextTokens: 131_072,
  cacheBlockTokens: 64,
  prices: { hit: 0, miss: 0, output: 0 },
};

/** What hosts want whatever the model is; their models are not in the table. */
const habits: Record<string, Partial<Abilities>> = {
  // mistral-common's validators; unknown parameters are refused with 422, and usage comes without being requested.
  "api.mistral.ai": { provider: "mistral", callIds: "alnum9", roleOrder: "bridged", omit: ["stream_options"] },
  // `max_tokens` is deprecated there, and refused by reasoning models.
  "api.openai.com": { provider: "openai", maxTokensField: "max_completion_tokens" },
};

/** A loopback host takes the place of a model's provider: a proxy or a double on the same machine. */
const comet = ["api.cometapi.com", ...loopback];
const deepseek = ["api.deepseek.com", ...loopback];
const rows: readonly CatalogRow[] = [
  { ids: ["deepseek-v3.2-exp"], hosts: comet, abilities: cometExp },
  {
    ids: ["DeepSeek-V3.2-Exp-thinking", "DeepSeek-V3.2-Exp-nothinking"],
    hosts: comet,
    abilities: { ...cometExp, thinking: { by: "nothing" } },
  },
  { ids: ["deepseek-v3.2", "DeepSeek-V3.2"], hosts: comet, abilities: cometV32 },
  {
    ids: ["deepseek-flash", "deepseek-v4-flash"],
    hosts: deepseek,
    abilities: {
      ...deepseekV4,
      prices: { hit: 3_000, miss: 150_000, output: 600_000 },
      peakPrices: { ...peak, hit: 6_000, miss: 300_000, output: 1_200_000 },
    },
  },
  {
    ids: ["deepseek-v4-pro"],
    hosts: deepseek,
    abilities: {
      ...deepseekV4,
      prices: { hit: 22_000, miss: 660_000, output: 1_980_000 },
      peakPrices: { ...peak, hit: 44_000, miss: 1_320_000, output: 3_960_000 },
    },
  },
  {
    // One id reaches many hosts, so only what all of them take; strict is known to fail there (gajae-code PR #2760).
    ids: ["deepseek/deepseek-v3.2-exp", "deepseek/deepseek-v3.2"],
    hosts: ["openrouter.ai"],
    abilities: { ...generic, provider: "openrouter", leaksCalls: true, maxTokens: 8192, maxTokensThinking: 8192 },
  },
];

/**
 * The profile of one model.
 * `modelId`: as configured. `baseUrl`: the provider's base, e.g. `https://api.cometapi.com/v1`. `demo`: whether the
 * built-in model answers; then the other two do not matter. Unknown models get the generic OpenAI-compatible profile,
 * and `known` false; those with "deepseek" in their id are of the family that leaks calls.
 */
export function profileFor(of: { modelId: string; baseUrl: string; demo: boolean }): Profile {
  if (of.demo) return demo;
  const host = URL.canParse(of.baseUrl) ? new URL(of.baseUrl).hostname : "";
  const row = rows.find(({ ids, hosts }) => ids.includes(of.modelId) && hosts.includes(host));
  const abilities = row?.abilities ?? { ...generic, ...habits[host], leaksCalls: /deepseek/i.test(of.modelId) };
  return { ...abilities, id: of.modelId, wireId: of.modelId, known: row !== undefined };
}

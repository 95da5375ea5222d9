/** The table of what is known about models at providers. Decides nothing else, and never calls a provider to find out. */
import type { Profile } from "./profile.ts";

type Abilities = Omit<Profile, "id" | "wireId">;

interface Row {
  ids: readonly string[];
  hosts: readonly string[];
  abilities: Abilities;
}

const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** DeepSeek-V3.2-Exp, whoever serves it. Context 128K, cache unit 64 tokens: DeepSeek's documentation of that model, autumn 2025. */
const v32Exp = {
  strictTools: true,
  reasoningReplay: "strip",
  // The documented maximum without thinking, and allowed with it. A higher figure is refused when thinking is off.
  maxTokens: 8192,
  contextTokens: 131_072,
  cacheBlockTokens: 64,
} as const;

/** CometAPI's page of 2025-09-30: $0.22 in, $0.35 out per million. It names no price for cached input, so a hit is billed as a miss. */
const cometApi: Abilities = {
  ...v32Exp,
  provider: "cometapi",
  thinking: { by: "model_id", on: "DeepSeek-V3.2-Exp-thinking", off: "DeepSeek-V3.2-Exp-nothinking" },
  thinkingDefault: undefined,
  prices: { hit: 220_000, miss: 220_000, output: 350_000 },
};

/** The built-in model. Prices are DeepSeek's own for V3.2-Exp, 2025-09-29: $0.028 hit, $0.28 miss, $0.42 out per million. */
const demo: Profile = {
  ...v32Exp,
  provider: "demo",
  id: "demo",
  wireId: "demo",
  thinking: { by: "parameter" },
  thinkingDefault: true,
  prices: { hit: 28_000, miss: 280_000, output: 420_000 },
};

/** Anything OpenAI-compatible: only what every such provider takes. Its prices are unknown and therefore nought. */
const generic: Abilities = {
  provider: "generic",
  strictTools: false,
  thinking: { by: "nothing" },
  thinkingDefault: undefined,
  reasoningReplay: "strip",
  maxTokens: 4096,
  contextTokens: 131_072,
  cacheBlockTokens: 64,
  prices: { hit: 0, miss: 0, output: 0 },
};

/** A loopback host stands in for CometAPI: a proxy or a double on the same machine. */
const hosts = ["api.cometapi.com", ...loopback];
const rows: readonly Row[] = [
  { ids: ["deepseek-v3.2-exp"], hosts, abilities: cometApi },
  {
    ids: ["DeepSeek-V3.2-Exp-thinking", "DeepSeek-V3.2-Exp-nothinking"],
    hosts,
    abilities: { ...cometApi, thinking: { by: "nothing" } },
  },
];

/**
 * The profile of one model.
 * `modelId`: as configured. `baseUrl`: the provider's base, e.g. `https://api.cometapi.com/v1`. `demo`: whether the
 * built-in model answers; then the other two do not matter. Unknown models get the generic OpenAI-compatible profile.
 */
export function profileFor(of: { modelId: string; baseUrl: string; demo: boolean }): Profile {
  if (of.demo) return demo;
  const host = URL.canParse(of.baseUrl) ? new URL(of.baseUrl).hostname : "";
  const row = rows.find(({ ids, hosts }) => ids.includes(of.modelId) && hosts.includes(host));
  return { ...(row?.abilities ?? generic), id: of.modelId, wireId: of.modelId };
}

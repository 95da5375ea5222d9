import { describe, expect, it } from "vitest";
import { createDemoFetch } from "../../../src/model/demo/demo-fetch.ts";
import { PrefixMeter, tokensOf } from "../../../src/model/demo/prefix-meter.ts";
import { randomOf } from "../../support/random.ts";

const tool = (name: string) => ({
  type: "function",
  function: { name, description: "Works something out. ".repeat(20), parameters: { type: "object" } },
});
const system = { role: "system", content: "You count ships in the harbor, one after another. ".repeat(20) };
const hello = { role: "user", content: "How many ships did you count yesterday? ".repeat(10) };
const tools = [tool("count"), tool("weigh")];

interface Counts {
  prompt_tokens: number;
  prompt_cache_hit_tokens: number;
  prompt_cache_miss_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

/** A demo model and what it counts of each request. */
function counting() {
  const fetch = createDemoFetch({ paceMs: 0 });
  return async (request: object): Promise<Counts> => {
    const body = JSON.stringify({ model: "demo", messages: [system, hello], tools, ...request });
    const answer = await fetch("https://demo.test/v1/chat/completions", { method: "POST", body });
    return ((await answer.json()) as { usage: Counts }).usage;
  };
}

describe("the prefix cache, request by request", () => {
  it("[DEMO-5] the first request hits nothing, the same again all of its whole blocks", async () => {
    const count = counting();
    const first = await count({});
    const again = await count({});
    expect(first.prompt_cache_hit_tokens).toBe(0);
    expect(again.prompt_tokens).toBe(first.prompt_tokens);
    expect(again.prompt_cache_hit_tokens).toBe(Math.floor(again.prompt_tokens / 64) * 64);
    for (const usage of [first, again]) {
      expect(usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens).toBe(usage.prompt_tokens);
      expect(usage.prompt_tokens_details.cached_tokens).toBe(usage.prompt_cache_hit_tokens);
    }
  });

  it("[DEMO-5] a message more keeps the hits of all before it", async () => {
    const count = counting();
    const before = await count({});
    const after = await count({ messages: [system, hello, { role: "assistant", content: "Forty." }, hello] });
    expect(after.prompt_tokens).toBeGreaterThan(before.prompt_tokens);
    expect(after.prompt_cache_hit_tokens).toBe(Math.floor(before.prompt_tokens / 64) * 64);
  });

  it.each([
    [
      "a tool's description",
      { tools: [{ ...tools[0], function: { ...tools[0]?.function, description: "x" } }, tools[1]] },
    ],
    ["the order of tools", { tools: tools.toReversed() }],
    ["a tool less", { tools: tools.slice(1) }],
    ["no tools at all", { tools: [] }],
    ["tool_choice none, which leaves them out", { tool_choice: "none" }],
  ])("[DEMO-5] misses everything after %s", async (_, change) => {
    const count = counting();
    await count({});
    expect((await count(change)).prompt_cache_hit_tokens).toBe(0);
    expect((await count({})).prompt_cache_hit_tokens).toBeGreaterThan(0);
  });

  it("[DEMO-5] what does not stand in the prompt does not matter", async () => {
    const count = counting();
    const first = await count({});
    for (const change of [{ max_tokens: 12 }, { thinking: { type: "disabled" } }, { model: "other" }]) {
      const hits = Math.floor(first.prompt_tokens / 64) * 64;
      expect(await count(change)).toMatchObject({ prompt_cache_hit_tokens: hits });
    }
  });
});

describe("the meter, over random prompts", () => {
  it.each([1, 2, 3, 4, 5])("[DEMO-5] hits are whole blocks of the longest common beginning (seed %i)", (seed) => {
    const random = randomOf(seed);
    const meter = new PrefixMeter();
    const sent: string[] = [];
    for (let n = 0; n < 60; n++) {
      const parent = sent[Math.floor(random() * sent.length)] ?? "";
      const kept = parent.slice(0, Math.floor(random() * (parent.length + 1)));
      const added = Array.from(
        { length: Math.floor(random() * 900) },
        () => "aé日🙂 "[Math.floor(random() * 6)] ?? "z",
      );
      const prompt = kept + added.join("");
      const common = Math.max(0, ...sent.map((earlier) => commonLength(earlier, prompt)));
      const { promptTokens, hitTokens } = meter.measure(prompt);
      expect([promptTokens, hitTokens]).toEqual([tokensOf(prompt), Math.floor(common / 256) * 64]);
      expect(hitTokens).toBeLessThanOrEqual(promptTokens);
      sent.push(prompt);
    }
  });

  it("[DEMO-5] what is asked for again is remembered longest", () => {
    const meter = new PrefixMeter();
    const kept = "keep ".repeat(200);
    meter.measure(kept);
    for (let n = 0; n < 40; n++) {
      meter.measure(`${n}${"x".repeat(256 * 1000)}`);
      expect(meter.measure(kept).hitTokens).toBe(192);
    }
  });
});

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

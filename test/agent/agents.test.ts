import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type AgentDefinition, defineAgent, resolveAgent } from "../../src/agent/agent.ts";
import { Agents, makeApp } from "../../src/agent/app.ts";
import { canonicalJson } from "../../src/agent/version.ts";
import { sha256Hex } from "../../src/core/digest.ts";
import { AppError } from "../../src/core/errors.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { webhooks } from "../../src/doors/channels/webhooks.ts";
import type { Bindings } from "../../src/env.ts";
import type { StepsFeature } from "../../src/tools/steps/feature.ts";
import { defineTool } from "../../src/tools/tool.ts";

const tool = (name: string, description = "Does it.") =>
  defineTool({ name, description, input: z.object({ x: z.string() }), effect: "none", run: () => "done" });
const plain: AgentDefinition = { instructions: "Answer." };
const versionOf = (definition: AgentDefinition) => resolveAgent("a", definition).version;
const appOf = (agents: Record<string, AgentDefinition>, more: object = {}) =>
  makeApp({ agents, ...more }, { channels: [], doors: [webhooks()] }, { DEV: "true" } as Bindings);

describe("the agents of an app", () => {
  it("[AGENT-1] are found by name, the first is the default", () => {
    const { agents } = appOf({ assistant: plain, support: plain });
    expect([agents.first.name, agents.names]).toEqual(["assistant", ["assistant", "support"]]);
    expect([agents.of(null).name, agents.of("support").name]).toEqual(["assistant", "support"]);
    expect(agents.of("gone")).toMatchObject({ name: "gone", isMissing: true });
  });

  it.each<[what: string, agents: Record<string, AgentDefinition>, words: RegExp]>([
    ["none", {}, /no agent\. Hand one in/],
    ["a name with a space", { "my agent": plain }, /The agent's name "my agent" must be 1 to 40/],
    ["a name with a slash", { "a/b": plain }, /"a\/b" must be/],
    ["a number", { assistant: plain, "7": plain }, /"7" must be .* and no number/],
    [
      "two that differ in case",
      { Support: plain, support: plain },
      /"Support" and "support" differ in capital letters/,
    ],
    ["no instructions", { a: { instructions: " " } }, /The agent "a" has no instructions/],
    ["two tools of one name", { a: { ...plain, tools: [tool("x"), tool("x")] } }, /agent "a": Two tools are named "x"/],
    ["a model without id", { a: { ...plain, models: [{ id: "" }] } }, /model "" needs an id/],
    ["a window of no size", { a: { ...plain, models: [{ id: "m", contextTokens: 0 }] } }, /needs contextTokens/],
    [
      "half a price",
      { a: { ...plain, models: [{ id: "m", prices: { hit: 1 } as never }] } },
      /prices\.miss, prices\.output/,
    ],
    [
      "a price below 0",
      { a: { ...plain, models: [{ id: "m", prices: { hit: 0, miss: -1, output: 0 } }] } },
      /prices\.miss/,
    ],
  ])("[AGENT-2] %s stops the start with words", (_, agents, words) => {
    expect(() => appOf(agents)).toThrow(words);
  });

  it("[STEP-9] durable steps come with a tool that needs them; without them a webhook that makes signals stops the start", () => {
    const steps: StepsFeature = { session: () => ({}) as never };
    const webhooks = { shop: { toSignal: () => undefined } };
    const waiting = { ...plain, tools: [tool("x"), { ...tool("y"), steps }] };
    expect(appOf({ assistant: plain }).steps).toBeUndefined();
    expect(appOf({ assistant: plain, waiting }, { webhooks }).steps).toBe(steps);
    expect(() => appOf({ assistant: plain }, { webhooks })).toThrow(/webhook "shop" makes signals.*longTools\(\)/);
  });

  it.each<[what: string, more: object, words: RegExp]>([
    ["a webhook", { webhooks: { git: { agent: "nobody" } } }, /webhook "git" names the agent "nobody"/],
    [
      "a schedule",
      { schedules: [{ cron: "0 9 * * *", session: "s", content: "c", agent: "x" }] },
      /schedule "0 9 \* \* \*"/,
    ],
  ])("[AGENT-2] an agent that is not there, named by %s, stops the start", (_, more, words) => {
    expect(() => appOf({ assistant: plain }, more)).toThrow(words);
    expect(() => appOf({ assistant: plain }, more)).toThrow("The agents are: assistant.");
  });

  it("[AGENT-3] one that is not there is refused with the names that are", () => {
    const agents = new Agents([resolveAgent("assistant", plain), resolveAgent("support", plain)]);
    const refused = (work: () => unknown) => {
      try {
        return work();
      } catch (error) {
        return error instanceof AppError ? [error.code, error.field, error.message] : error;
      }
    };
    expect(refused(() => agents.mustHave("nobody"))).toEqual([
      "no_such_agent",
      "agent",
      'agent: there is no agent "nobody". The agents are: assistant, support.',
    ]);
    expect(refused(() => agents.mustBeThere(agents.of("old")))).toMatchObject([
      "no_such_agent",
      undefined,
      expect.stringContaining('made for the agent "old"'),
    ]);
  });
});

describe("tools that come along", () => {
  const names = (definition: AgentDefinition, hasRemoteTools = false) =>
    resolveAgent("a", definition, hasRemoteTools).tools.declarations.map(({ name }) => name);

  it("[AGENT-10] come to an agent that has tools, and to no other", () => {
    expect(names(plain)).toEqual([]);
    expect(names({ ...plain, tools: [tool("x")] })).toEqual(["read_entry", "search_transcript", "x"]);
    expect(names(plain, true)).toEqual(["read_entry", "search_transcript"]);
    expect(names({ ...plain, tools: [tool("read_entry", "Mine.")] })).toEqual(["read_entry", "search_transcript"]);
  });
});

describe("an agent's version", () => {
  const base: AgentDefinition = { ...plain, tools: [tool("a"), tool("b")], models: [{ id: "m" }, { id: "n" }] };

  it("[AGENT-8] is the same for equal definitions, whatever the order of keys and tools", () => {
    const version = versionOf(base);
    expect(version).toMatch(/^v_[0-9a-f]{16}$/);
    expect(versionOf({ ...base, tools: [tool("b"), tool("a")] })).toBe(version);
    expect(versionOf({ models: [{ id: "m" }, { id: "n" }], tools: [tool("a"), tool("b")], ...plain })).toBe(version);
    expect(versionOf({ ...base, limits: { maxSteps: 12 } })).toBe(version);
    expect(resolveAgent("other-name", base).version).toBe(version);
    expect(defineAgent(base)).toBe(base);
  });

  it.each<[what: string, changed: AgentDefinition]>([
    ["instructions", { ...base, instructions: "Answer!" }],
    ["a tool's schema", { ...base, tools: [tool("a"), tool("b", "Does another thing.")] }],
    ["a tool less", { ...base, tools: [tool("a")] }],
    ["the order of models", { ...base, models: [{ id: "n" }, { id: "m" }] }],
    ["a model's weight", { ...base, models: [{ id: "m", weight: 1 }, { id: "n" }] }],
    ["a price", { ...base, models: [{ id: "m", prices: { hit: 1, miss: 1, output: 1 } }, { id: "n" }] }],
    ["a limit", { ...base, limits: { maxSteps: 3 } }],
  ])("[AGENT-8] is another one for another definition: %s", (_, changed) => {
    expect(versionOf(changed)).not.toBe(versionOf(base));
  });

  it("[AGENT-8] is a SHA-256 over canonical JSON", async () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined, a: "ä" }], a: null })).toBe('{"a":null,"b":[{"a":"ä","d":1}]}');
    // FIPS 180-4, examples of NIST.
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1_000]) {
      const text = "ü€x🙂".repeat(length).slice(0, length).toWellFormed();
      expect(sha256(text), `${length} characters`).toBe(await sha256Hex(text));
    }
  });
});

import { describe, expect, it } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";
import { ask } from "../live/exchange.ts";
import { probe, probeCommand } from "../live/probe.ts";
import { type ErrorShape, limitsIn, nothingFound, type ProbeFindings, strictVerdict } from "../live/probe-findings.ts";
import { differences, foundProfile, probeReport, profileLiteral } from "../live/probe-report.ts";
import {
  brokenLike,
  cometLike,
  deepseekLike,
  goodKey,
  openAiLike,
  openRouterLike,
  type Provider,
  toollessLike,
} from "./probe-providers.ts";

interface Case {
  name: string;
  make: () => Provider;
  baseUrl: string;
  modelId: string;
  /** What is found, where it is not what stands there before anything was asked. */
  findings: Partial<ProbeFindings>;
  /** Fields of the row that are not as shipped. */
  row: object;
  differences: string[];
}

const full = "error.{code,message,param,type}";
const shape = (status: number, takenFor: ErrorShape["takenFor"], envelope = full) => ({ status, takenFor, envelope });

const cases: Case[] = [
  {
    name: "DeepSeek",
    make: deepseekLike,
    baseUrl: "https://api.deepseek.com",
    modelId: "deepseek-v4-flash",
    findings: {
      requests: 15,
      listed: "yes",
      stream: { works: true, usage: "last_content_chunk", done: true, comments: true },
      cache: { field: "both", tokens: 256 },
      thinking: { field: "reasoning_content", byDefault: true, parameter: "works", withTools: "works" },
      reasoningReplay: "works",
      tools: "works",
      parallelCalls: "works",
      forcedTool: { notThinking: "works", thinking: "refused" },
      strict: "beta",
      betaBase: true,
      continuation: "works",
      jsonModes: { object: "works", schema: "refused" },
      maxTokens: 393_216,
      errors: { wrongModel: shape(400, "model_not_found"), wrongKey: shape(401, "model_auth") },
    },
    row: {},
    differences: [],
  },
  {
    name: "CometAPI",
    make: cometLike,
    baseUrl: "https://api.cometapi.com/v1",
    modelId: "deepseek-v3.2-exp",
    findings: {
      requests: 13,
      listed: "yes",
      stream: { works: true, usage: "own_chunk", done: true, comments: false },
      thinking: { field: "none", byDefault: false, parameter: "no_effect", withTools: "unknown" },
      tools: "works",
      parallelCalls: "works",
      forcedTool: { notThinking: "works", thinking: "unknown" },
      strict: "ignored",
      jsonModes: { object: "works", schema: "unknown" },
      maxTokens: 8192,
      errors: { wrongModel: shape(503, "model_not_found"), wrongKey: shape(401, "model_auth") },
    },
    row: { strict: "none" },
    differences: ['strict: "field" -> "none"'],
  },
  {
    name: "OpenRouter",
    make: openRouterLike,
    baseUrl: "https://openrouter.ai/api/v1",
    modelId: "deepseek/deepseek-v3.2",
    findings: {
      requests: 14,
      listed: "yes",
      stream: { works: true, usage: "own_chunk", done: true, comments: true },
      cache: { field: "cached_tokens", tokens: 320 },
      thinking: { field: "reasoning", byDefault: true, parameter: "no_effect", withTools: "works" },
      reasoningReplay: "works",
      tools: "works",
      parallelCalls: "works",
      forcedTool: { notThinking: "works", thinking: "works" },
      strict: "field",
      jsonModes: { object: "works", schema: "no_effect" },
      errors: {
        wrongModel: shape(400, "model_not_found", "error.{code,message}"),
        wrongKey: shape(401, "model_auth", "error.{code,message}"),
      },
    },
    row: { strict: "field", forcedTool: "always", jsonModes: { object: true, schema: false } },
    differences: [
      'strict: "none" -> "field"',
      'forcedTool: "never" -> "always"',
      "jsonModes: { object: false, schema: false } -> { object: true, schema: false }",
    ],
  },
  {
    name: "OpenAI",
    make: openAiLike,
    baseUrl: "https://api.openai.com/v1/",
    modelId: "gpt-4o",
    findings: {
      baseUrl: "https://api.openai.com/v1",
      requests: 12,
      listed: "yes",
      stream: { works: true, usage: "own_chunk", done: true, comments: false },
      cache: { field: "cached_tokens", tokens: 0 },
      thinking: { field: "none", byDefault: false, parameter: "refused", withTools: "unknown" },
      tools: "works",
      parallelCalls: "works",
      forcedTool: { notThinking: "works", thinking: "unknown" },
      strict: "field",
      jsonModes: { object: "works", schema: "works" },
      maxTokens: 16_384,
      errors: { wrongModel: shape(404, "model_not_found"), wrongKey: shape(401, "model_auth") },
    },
    row: {
      provider: "api.openai.com",
      strict: "field",
      forcedTool: "always",
      jsonModes: { object: true, schema: true },
    },
    differences: [
      'strict: "none" -> "field"',
      'forcedTool: "never" -> "always"',
      "jsonModes: { object: false, schema: false } -> { object: true, schema: true }",
    ],
  },
  {
    name: "one that sends web pages",
    make: brokenLike,
    baseUrl: "https://example.com/v1",
    modelId: "m",
    findings: {
      requests: 2,
      silent: "HTTP 200: Welcome, [API key]",
    },
    row: { provider: "example.com" },
    differences: [],
  },
  {
    name: "one that refuses tools",
    make: toollessLike,
    baseUrl: "http://127.0.0.1:8080/v1",
    modelId: "small",
    findings: {
      requests: 11,
      stream: { works: true, usage: "last_content_chunk", done: true, comments: false },
      thinking: { field: "none", byDefault: false, parameter: "no_effect", withTools: "unknown" },
      tools: "refused",
      parallelCalls: "refused",
      forcedTool: { notThinking: "refused", thinking: "unknown" },
      jsonModes: { object: "refused", schema: "refused" },
      contextTokens: 32_768,
      errors: { wrongModel: shape(200, undefined, "an answer"), wrongKey: shape(200, undefined, "an answer") },
    },
    row: { provider: "127.0.0.1", contextTokens: 32_768 },
    differences: ["contextTokens: 131_072 -> 32_768"],
  },
];

const shippedFor = ({ modelId, baseUrl }: Case) => profileFor({ modelId, baseUrl, demo: false });

const probed = async (each: Case) => {
  const provider = each.make();
  const { baseUrl, modelId } = each;
  return { provider, findings: await probe({ baseUrl, modelId, apiKey: goodKey, fetch: provider.fetch }) };
};

describe.each(cases)("probing $name", (each) => {
  it("[PROBE-1] finds what this provider does, by asking", async () => {
    const { findings } = await probed(each);
    expect(findings).toStrictEqual({ ...nothingFound(each.baseUrl, each.modelId), ...each.findings });
  });

  it("[PROBE-2] writes the catalog's row for it", async () => {
    const { findings } = await probed(each);
    const row = new Function(`return [${profileLiteral(findings)}]`)() as object[];
    const { id, wireId, known, ...abilities } = shippedFor(each);
    expect(row).toStrictEqual([
      { ids: [each.modelId], hosts: [new URL(each.baseUrl).hostname], abilities: { ...abilities, ...each.row } },
    ]);
  });

  it("[PROBE-3] tells where it differs from the shipped profile", async () => {
    const { findings } = await probed(each);
    const told = differences(findings, shippedFor(each));
    expect(told.map(({ field, shipped, found }) => `${field}: ${shipped} -> ${found}`)).toEqual(each.differences);
  });

  it("[PROBE-4] asks at most 15 times, one wrong key among them, and each question begins alike", async () => {
    const { provider, findings } = await probed(each);
    const { requests } = provider;
    expect(requests.length).toBeLessThanOrEqual(15);
    expect(requests.length).toBe(findings.requests);
    expect(requests.filter(({ key }) => key !== goodKey).length).toBe(findings.silent === undefined ? 1 : 0);
    const heads = requests.flatMap(({ body }) => body.messages?.[0]?.content ?? []);
    expect(new Set(heads).size).toBe(1);
  });

  it("[PROBE-5] never prints the key, whatever the provider quotes", async () => {
    const { provider } = await probed(each);
    const printed: string[] = [];
    const code = await probeCommand(["--base-url", each.baseUrl, "--model", each.modelId], {
      env: { MODEL_API_KEY: goodKey },
      fetch: provider.fetch,
      print: (text) => printed.push(text),
    });
    expect(code).toBe(each.findings.silent === undefined ? 0 : 1);
    expect(printed.length).toBe(1);
    expect(printed.join()).toContain(each.modelId);
    expect(printed.join()).not.toContain(goodKey);
    expect(printed.join()).not.toContain(goodKey.slice(4));
  });
});

describe("reading an answer", () => {
  it("[PROBE-1] tells a model that refuses its earlier reasoning", async () => {
    const { fetch } = deepseekLike({ reasoningAllowed: false });
    const each = cases[0] as Case;
    const findings = await probe({ baseUrl: each.baseUrl, modelId: each.modelId, apiKey: goodKey, fetch });
    expect(findings.reasoningReplay).toBe("refused");
    expect(differences(findings, shippedFor(each))).toEqual([
      { field: "reasoningReplay", shipped: '"replay"', found: '"strip"' },
    ]);
  });

  it.each([
    [400, "An object with no properties is not allowed.", "honoured"],
    [400, "Invalid schema for function 'get_time'", "honoured"],
    [400, "Unrecognized request argument supplied: tools[0].function.strict", "refused"],
    [400, "Additional properties are not allowed: unexpected property 'strict'", "refused"],
    [422, "Tools are not to be had here", "refused"],
    [404, "Invalid URL: no such schema", "unknown"],
    [503, "overloaded, try another schema", "unknown"],
  ])("[PROBE-1] reads %i %s as strict %s", async (status, message, verdict) => {
    const fetch = async () => Response.json({ error: { message } }, { status });
    expect(strictVerdict(await ask({ url: "https://provider.test/v1", body: {}, fetch }))).toBe(verdict);
  });

  it.each([
    ["Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192, undefined],
    ["This model supports at most 16384 completion tokens, whereas you provided 100000000.", 16_384, undefined],
    ["max_tokens: Input should be less than or equal to 4096", 4096, undefined],
    ["This model's maximum context length is 131072 tokens. However, you requested 100000340", undefined, 131_072],
    ["No.", undefined, undefined],
  ])("[PROBE-1] reads the limits out of: %s", async (message, maxTokens, contextTokens) => {
    const fetch = async () => Response.json({ error: { message } }, { status: 400 });
    expect(limitsIn(await ask({ url: "https://provider.test/v1", body: {}, fetch }))).toEqual({
      maxTokens,
      contextTokens,
    });
  });
});

describe("what is printed", () => {
  it("[PROBE-2] can be pasted and read", () => {
    const findings: ProbeFindings = {
      ...nothingFound("https://api.deepseek.com", "deepseek-v4-flash"),
      stream: { works: true, usage: "last_content_chunk", done: true, comments: true },
      thinking: { field: "reasoning_content", byDefault: true, parameter: "works", withTools: "works" },
      strict: "ignored",
      maxTokens: 4096,
      errors: { wrongModel: shape(404, "model_not_found"), wrongKey: undefined },
    };
    expect(probeReport(findings)).toBe(`deepseek-v4-flash at https://api.deepseek.com, 0 requests
  listed                  no_list
  stream                  works
  usage                   last_content_chunk
  [DONE]                  sent
  comments                sent
  cache                   none, at most 0 tokens read
  reasoning               reasoning_content, on by default
  thinking parameter      works
  thinking with tools     works
  reasoning replay        unknown
  tools                   unknown
  parallel calls          unknown
  forced tool             unknown; while thinking: unknown
  strict                  ignored
  /beta                   none
  continuation            unknown
  json_object             unknown
  json_schema             unknown
  max_tokens, at most     4096
  context, at most        not said
  wrong model             404 error.{code,message,param,type}, taken for model_not_found
  wrong key               not asked

Against the shipped profile:
  strict: "beta" -> "none"
  maxTokens: 8192 -> 4096

For src/model/catalog.ts (prices, context and cache blocks were not asked):
{
  ids: ["deepseek-v4-flash"],
  hosts: ["api.deepseek.com"],
  abilities: {
    provider: "deepseek",
    strict: "none",
    thinking: { by: "parameter" },
    thinkingLevels: ["low", "high", "max"],
    userId: "auto",
    thinkingDefault: true,
    thinksWithTools: true,
    forcedTool: "not_thinking",
    jsonModes: { object: true, schema: false },
    continuation: true,
    reasoningReplay: "replay",
    leaksCalls: true,
    maxTokens: 4096,
    maxTokensThinking: 65_536,
    contextTokens: 1_048_576,
    cacheBlockTokens: 128,
    prices: { hit: 3000, miss: 150_000, output: 600_000 },
    peakPrices: { weekdays: [1, 2, 3, 4, 5], hours: [[1, 4], [6, 10]], hit: 6000, miss: 300_000, output: 1_200_000 },
  },
},`);
  });

  it.each([
    [[]],
    [["--model", "m"]],
    [["--base-url", "nowhere", "--model", "m"]],
    [["--base-url", "https://example.com/v1", "--model", "m", "--odd"]],
  ])("[PROBE-6] is the manual for wrong arguments %j, and nobody is asked", async (args) => {
    const { fetch, requests } = deepseekLike();
    const printed: string[] = [];
    expect(await probeCommand(args, { env: {}, fetch, print: (text) => printed.push(text) })).toBe(2);
    expect(printed.join()).toContain("--base-url https://… --model ID [--key-env NAME]");
    expect(requests).toEqual([]);
  });

  it.each([
    [{ MODEL_API_KEY: "sk-one", COMETAPI_KEY: "sk-two" }, [], "sk-one"],
    [{ COMETAPI_KEY: "sk-two" }, [], "sk-two"],
    [{ MODEL_API_KEY: "sk-one", MINE: "sk-three" }, ["--key-env", "MINE"], "sk-three"],
    [{}, [], ""],
  ])("[PROBE-6] takes the key from %j with %j", async (env, more, key) => {
    const { fetch, requests } = brokenLike();
    await probeCommand(["--base-url", "https://example.com/v1", "--model", "m", ...more], {
      env,
      fetch,
      print: () => {},
    });
    expect(requests.map((request) => request.key)).toEqual([key, key]);
  });
});

describe("an answer that says nothing about the question", () => {
  const each = cases[0] as Case;

  it("[PROBE-7] is no finding: a provider too busy keeps its shipped profile", async () => {
    const { fetch: answer } = deepseekLike();
    let asked = 0;
    const fetch: typeof globalThis.fetch = async (input, init) => {
      return ++asked <= 2 ? answer(input, init) : Response.json({ error: { message: "slow down" } }, { status: 429 });
    };
    const findings = await probe({ baseUrl: each.baseUrl, modelId: each.modelId, apiKey: goodKey, fetch });
    expect(findings.thinking).toEqual({
      field: "reasoning_content",
      byDefault: true,
      parameter: "unknown",
      withTools: "unknown",
    });
    expect([findings.tools, findings.strict, findings.jsonModes.object]).toEqual(["unknown", "unknown", "unknown"]);
    expect(differences(findings, shippedFor(each))).toEqual([]);
  });

  it("[PROBE-7] is told when the provider is out of reach, without the key", async () => {
    const fetch = async () => {
      throw new TypeError("fetch failed", { cause: new Error(`no route for ${goodKey}`) });
    };
    const findings = await probe({ baseUrl: each.baseUrl, modelId: each.modelId, apiKey: goodKey, fetch });
    expect(findings.silent).toBe("The provider is out of reach: fetch failed: no route for [API key]");
    expect(foundProfile(findings)).toEqual(shippedFor(each));
  });
});

/** `npm run probe -- --base-url URL --model ID [--key-env NAME]`: asks a live provider what it can do, and prints what it found. Changes nothing, and never prints the key. */
import { parseArgs } from "node:util";
import { profileFor } from "../../src/model/catalog.ts";
import { endpointOf } from "../../src/model/serialize.ts";
import { ask as askOnce, type Exchange } from "./exchange.ts";
import {
  cacheOf,
  callsIn,
  errorShape,
  limitsIn,
  listedIn,
  nothingFound,
  type ProbeFindings,
  reasoningField,
  streamOf,
  strictVerdict,
  textOf,
  verdictOf,
} from "./probe-findings.ts";
import { probeReport } from "./probe-report.ts";
import { questions } from "./questions.ts";

export interface ProbeOptions {
  /** Without `/chat/completions`. */
  baseUrl: string;
  modelId: string;
  apiKey?: string | undefined;
  fetch: typeof fetch;
}

/** Asks on: the part of a probe that every step needs. */
interface Probing {
  findings: ProbeFindings;
  /** Answers so far, for what only all of them together show. */
  exchanges: Exchange[];
  /** One chat request to the model; `more` is added to the body. */
  chat(more: object, to?: { base?: string; apiKey?: string }): Promise<Exchange>;
  /** Parameters that switch thinking on and off, where there are such. */
  on: object;
  off: object;
}

/** What the provider can do. At most 15 small requests, one after another; never throws for what the provider does. */
export async function probe(options: ProbeOptions): Promise<ProbeFindings> {
  const { modelId, apiKey, fetch } = options;
  const baseUrl = options.baseUrl.replace(/\/+$/, "");
  const findings = nothingFound(baseUrl, modelId);
  const exchanges: Exchange[] = [];
  const asked = (url: string, key: string | undefined, body?: object) => {
    findings.requests++;
    return askOnce({ url, apiKey: key, fetch, ...(body !== undefined && { body }) });
  };
  findings.listed = listedIn(await asked(`${baseUrl}/models`, apiKey), modelId);
  const chat: Probing["chat"] = async (more, to = {}) => {
    const body = { model: modelId, stream: true, stream_options: { include_usage: true }, ...more };
    const exchange = await asked(`${to.base ?? baseUrl}/chat/completions`, to.apiKey ?? apiKey, body);
    exchanges.push(exchange);
    return exchange;
  };
  const probing: Probing = { findings, exchanges, chat, on: {}, off: {} };
  await probeStream(probing);
  if (findings.silent !== undefined) return findings;
  await probeTools(probing);
  await probeStrict(probing);
  await probeJson(probing);
  await probeRefusals(probing);
  findings.cache = cacheOf(exchanges);
  return findings;
}

/** Does it answer and stream, and how is thinking switched? */
async function probeStream(probing: Probing): Promise<void> {
  const { findings, chat } = probing;
  const first = await chat(questions.hello);
  findings.silent = first.failure?.raw ?? first.failure?.detail;
  findings.stream = streamOf(first);
  if (findings.silent !== undefined) return;
  findings.thinking.byDefault = reasoningField(first) !== "none";
  const off = await chat({ ...questions.hello, thinking: { type: "disabled" } });
  const parameter = verdictOf(off, reasoningField(off) === "none");
  const on = parameter === "refused" ? first : await chat({ ...questions.hello, thinking: { type: "enabled" } });
  const field = reasoningField(on);
  findings.thinking.field = field === "none" ? reasoningField(first) : field;
  findings.thinking.parameter = parameter === "works" ? verdictOf(on, field !== "none") : parameter;
  if (findings.thinking.parameter !== "works") return;
  probing.on = { thinking: { type: "enabled" } };
  probing.off = { thinking: { type: "disabled" } };
}

/** Are tools called, several at once, by force, while it thinks, and what becomes of earlier reasoning? */
async function probeTools({ findings, chat, on, off }: Probing): Promise<void> {
  const { thinking } = findings;
  const both = await chat({ ...questions.bothTools, ...on });
  const forced = await chat({ ...questions.forcedTool, ...off });
  const called = [both, forced].find((exchange) => callsIn(exchange) > 0);
  findings.tools = verdictOf(called ?? forced, called !== undefined);
  findings.parallelCalls = verdictOf(both, callsIn(both) > 1);
  findings.forcedTool.notThinking = verdictOf(forced, callsIn(forced) > 0);
  if (thinking.field === "none" || findings.tools !== "works") return;
  thinking.withTools = verdictOf(both, reasoningField(both) !== "none");
  const thinkingForced = thinking.parameter === "works" ? await chat({ ...questions.forcedTool, ...on }) : forced;
  findings.forcedTool.thinking = verdictOf(thinkingForced, callsIn(thinkingForced) > 0);
  const replayed = await chat({ ...questions.replay, ...on });
  findings.reasoningReplay = verdictOf(replayed, true);
}

/** Is strict honoured, at `/beta` or at the base, and are half answers continued? */
async function probeStrict({ findings, chat, off }: Probing): Promise<void> {
  if (findings.tools !== "works") return;
  const { baseUrl, modelId } = findings;
  const beta = endpointOf({ ...profileFor({ modelId, baseUrl, demo: false }), strict: "beta" }, baseUrl);
  const atBeta = await chat({ ...questions.illegalStrictTool, ...off }, { base: beta });
  const verdict = strictVerdict(atBeta);
  findings.betaBase = verdict !== "unknown";
  if (verdict === "honoured") {
    findings.strict = "beta";
    const continued = await chat({ ...questions.halfAnswer, ...off }, { base: beta });
    findings.continuation = verdictOf(continued, /^\W*five/i.test(textOf(continued)));
    return;
  }
  const atBase = strictVerdict(await chat({ ...questions.illegalStrictTool, ...off }));
  findings.strict = atBase === "honoured" ? "field" : atBase;
}

/** Which JSON modes are there? */
async function probeJson({ findings, chat, off }: Probing): Promise<void> {
  const object = await chat({ ...questions.jsonObject, ...off });
  findings.jsonModes.object = verdictOf(object, isJson(textOf(object)));
  const schema = await chat({ ...questions.jsonSchema, ...off });
  // Only the schema knows this word.
  findings.jsonModes.schema = verdictOf(schema, /"quokka"/.test(textOf(schema)) && isJson(textOf(schema)));
}

/** Where are the limits, and in what words does it say no? */
async function probeRefusals({ findings, chat, off }: Probing): Promise<void> {
  Object.assign(findings, limitsIn(await chat({ ...questions.absurdLength, ...off })));
  findings.errors = {
    wrongModel: errorShape(await chat({ ...questions.hello, model: `${findings.modelId}-no-such-model` })),
    wrongKey: errorShape(await chat(questions.hello, { apiKey: "sk-longline-probe-of-a-wrong-key" })),
  };
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

const manual = `npm run probe -- --base-url https://… --model ID [--key-env NAME]
The key is read from MODEL_API_KEY or COMETAPI_KEY, or from the variable NAME.`;

interface Surroundings {
  env: Record<string, string | undefined>;
  fetch: typeof fetch;
  print: (text: string) => void;
}

/** The command. Returns the exit code: 0 when the model answered, 1 when it did not, 2 when the arguments are wrong. */
export async function probeCommand(args: string[], { env, fetch, print }: Surroundings): Promise<number> {
  const wanted = readArguments(args);
  if (wanted === undefined) {
    print(manual);
    return 2;
  }
  const apiKey = wanted.keyEnv === undefined ? (env.MODEL_API_KEY ?? env.COMETAPI_KEY) : env[wanted.keyEnv];
  const findings = await probe({ baseUrl: wanted.baseUrl, modelId: wanted.modelId, apiKey, fetch });
  print(probeReport(findings));
  return findings.silent === undefined ? 0 : 1;
}

function readArguments(args: string[]): { baseUrl: string; modelId: string; keyEnv: string | undefined } | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ args, options: { "base-url": text, model: text, "key-env": text } });
    const { "base-url": baseUrl = "", model: modelId = "", "key-env": keyEnv } = values;
    return URL.canParse(baseUrl) && modelId !== "" ? { baseUrl, modelId, keyEnv } : undefined;
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  process.exitCode = await probeCommand(process.argv.slice(2), { env: process.env, fetch, print: console.log });
}

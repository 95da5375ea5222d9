/** Reads from a refusal how the host wants requests to be written, and writes profiles so. Drops only what does not change what the caller requested: never tools, a forced tool or stop texts. Pure. */
import type { RequestChange } from "../core/errors.ts";
import { fewestTokens } from "../core/window.ts";
import type { Profile } from "./profile.ts";

/** Parameters that an answer does not need. The form of an answer is requested at the tail as well, and checked here. */
const droppable = [
  "stream_options",
  "parallel_tool_calls",
  "thinking",
  "reasoning_effort",
  "temperature",
  "top_p",
  "frequency_penalty",
  "presence_penalty",
  "strict",
  "response_format",
  "user_id",
];
const lengths = ["max_tokens", "max_completion_tokens"] as const;

/** How hosts report that they do not take something: OpenAI, Azure, pydantic, LiteLLM, Groq, Fireworks, xAI, Gemini, serde, DeepSeek. */
const refusing =
  /unsupported|not (?:be )?(?:currently )?support|n[o']t support|unrecogni[sz]ed|unknown|unexpected|extra[ _](?:inputs|fields)|extra_forbidden|not permitted|not allowed|cannot find field|unavailable|only the default|only (?:temperature|top_p)\s?=/i;

/** Statuses that do not concern the request itself, whatever words come with them. */
const elsewhere = [401, 402, 403, 404, 405, 408, 429, 502, 503, 504];

/** The change that a refusal requires; `undefined` when it requires none. `body`: its raw text. */
export function requestChange(status: number, body: string): RequestChange | undefined {
  if (elsewhere.includes(status)) return undefined;
  const text = body.slice(0, 20_000).replaceAll('\\"', '"');
  return historyChange(text) ?? limitChange(text) ?? parameterChange(text);
}

/** Rules about earlier messages, in the words of mistral-common, of chat templates, and of DeepSeek (facts of its own error bodies). */
function historyChange(text: string): RequestChange | undefined {
  if (/reasoning_content/.test(text)) {
    if (/unknown field|extra_forbidden/.test(text)) return "reasoning:strip";
    // The host could not parse the body at all, which does not show which rule holds.
    if (/deserialize/i.test(text)) return undefined;
    if (/must be passed back|missing/i.test(text)) return "reasoning:replay";
    return refusing.test(text) ? "reasoning:strip" : "reasoning:other";
  }
  if (/tool.?call.?id .{0,200}length of 9/is.test(text)) return "ids:alnum9";
  if (/tool_(?:use|call).{0,40}id.{0,60}pattern/is.test(text)) return "ids:words";
  if (/unexpected role '?user'? after role '?tool/i.test(text)) return "order:bridged";
  if (/roles must alternate/i.test(text)) return "order:alternating";
  if (/developer/.test(text) && refusing.test(text) && /role|variant/.test(text)) return "role:user";
  if (/['"`]system['"`]/.test(text) && /role/.test(text) && refusing.test(text)) return "role:developer";
  return undefined;
}

/** How hosts state how long an answer may be. */
const longestAnswer = [
  // DeepSeek; DashScope.
  /range of [`'"]?max_tokens[`'"]? (?:is|should be) \[\d{1,9}, ?(\d{1,9})\]/i,
  // OpenAI: "max_tokens is too large: 65536. This model supports at most 16384 completion tokens".
  /supports at most (\d{1,9}) (?:completion|output) tokens/i,
  // Groq: opencode#1000, groq-moa#8.
  /max_(?:completion_|output_)?tokens\b[^\n]{0,120}?\bmust be (?:less than or equal to|at most|no more than|<=) ?[`'"]?(\d{1,9})/i,
  // Ollama's cloud.
  /max_(?:completion_|output_)?tokens \(\d{1,9}\) exceeds [^\n]{0,60}?\((\d{1,9})\)/i,
  // Anthropic.
  /max_tokens: \d{1,9} > (\d{1,9}), which is the maximum/i,
  // Bedrock.
  /maximum tokens you requested exceeds the model limit of (\d{1,9})/i,
];

function limitChange(text: string): RequestChange | undefined {
  for (const words of longestAnswer) {
    const most = words.exec(text)?.[1];
    if (most !== undefined) return `max_tokens:${Number(most)}`;
  }
  return windowChange(text);
}

/** A request that fits by itself, with an answer that does not fit beside it: vLLM's words, and OpenAI's. Longer ones need a summary instead. */
function windowChange(text: string): RequestChange | undefined {
  const window = Number(/maximum context length (?:is|of) (\d+)/i.exec(text)?.[1]);
  const prompt = Number(
    /(?<!\d)(\d{1,12}) (?:input tokens|(?:of text |tokens )?in the (?:messages|prompt|input))/i.exec(text)?.[1],
  );
  return prompt < window - fewestTokens ? `window:${window}` : undefined;
}

function parameterChange(text: string): RequestChange | undefined {
  if (!refusing.test(text)) return undefined;
  if (/use [`'"]?max_completion_tokens/i.test(text)) return "max_tokens_field:max_completion_tokens";
  const [first] = lengths.filter((name) => isNamed(name, text));
  if (first === "max_completion_tokens") return "max_tokens_field:max_tokens";
  if (first === "max_tokens") return "max_tokens_field:max_completion_tokens";
  const name = droppable.find((each) => isNamed(each, text));
  return name === undefined ? undefined : `drop:${name}`;
}

/** Whether a parameter is named. A plain word may be part of any sentence: it has to be quoted, be part of a path or a list, or come before a value. */
function isNamed(name: string, text: string): boolean {
  if (name.includes("_")) return new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text);
  const forms = [
    `["'\`](?:[\\w.[\\]]+\\.)?${name}["'\`]`,
    `(?:supplied|parameters?|field): .{0,80}?\\b${name}\\b`,
    `\\b(?:parameter ${name}\\b|${name} ?=)`,
  ];
  return new RegExp(forms.join("|")).test(text);
}

/** The profile with the changes that its host has required, in their order. */
export function withChanges(profile: Profile, changes: readonly RequestChange[]): Profile {
  return changes.reduce(withChange, profile);
}

function withChange(profile: Profile, change: RequestChange): Profile {
  const at = change.indexOf(":");
  const [what, value] = [change.slice(0, at), change.slice(at + 1)];
  switch (what) {
    case "drop":
      return without(profile, value);
    case "max_tokens_field":
      return { ...profile, maxTokensField: value === "max_tokens" ? value : "max_completion_tokens" };
    case "role":
      return { ...profile, systemRole: value === "user" ? "user" : "developer" };
    case "ids":
      return { ...profile, callIds: value === "alnum9" ? value : "words" };
    case "order":
      return { ...profile, roleOrder: value === "alternating" ? value : "bridged" };
    case "max_tokens":
      return withMost(profile, Math.max(1, Number(value)));
    case "window":
      return { ...profile, contextTokens: Math.min(profile.contextTokens, Math.max(1, Number(value))) };
    case "reasoning":
      return { ...profile, reasoningReplay: value === "replay" ? value : "strip" };
    default:
      return profile;
  }
}

function without(profile: Profile, parameter: string): Profile {
  switch (parameter) {
    case "thinking":
      return { ...profile, thinking: { by: "nothing" }, thinkingLevels: [] };
    case "reasoning_effort":
      return { ...profile, thinkingLevels: [] };
    case "strict":
      // Continuations are served at the strict base only.
      return { ...profile, strict: "none", continuation: false };
    case "response_format":
      return { ...profile, jsonModes: { object: false, schema: false } };
    case "user_id":
      return { ...profile, userId: "unsupported" };
    default:
      return { ...profile, omit: [...new Set([...(profile.omit ?? []), parameter])] };
  }
}

function withMost(profile: Profile, most: number): Profile {
  const { maxTokens, maxTokensThinking } = profile;
  return {
    ...profile,
    maxTokens: Math.min(maxTokens, most),
    maxTokensThinking: Math.min(maxTokensThinking, most),
  };
}

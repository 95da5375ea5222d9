/** Writes the bytes of a request: the same input gives the same bytes, so a grown transcript begins with the bytes of the request before it. Never sends anything. */

import { fingerprint } from "../core/digest.ts";
import type { ResponseFormat, Sampling, Thinking, ToolChoice } from "../core/entry.ts";
import type { AssistantMessage, Message, ToolDeclaration } from "../core/message.ts";
import type { HeadFacts } from "../core/prefix.ts";
import { legalEscapes, legalText } from "../core/repair.ts";
import { readableSpeaker } from "../core/speaker.ts";
import { answerTokens } from "../core/window.ts";
import type { Profile, RoleOrder } from "./profile.ts";

/** What comes before the conversation. `thinking`: what the message chose; the profile's default when absent. */
export interface Head {
  profile: Profile;
  thinking?: Thinking | undefined;
  /** Strict, unless a tool is marked as not strict. */
  tools: readonly (ToolDeclaration & { strict?: boolean })[];
  instructions: string;
  /** The form the answer must have; sent where the provider has a mode for it. */
  responseFormat?: ResponseFormat | undefined;
  /** The tail states how long an answer may be, since that changes from request to request. */
  maxTokensInTail?: boolean;
  /** An opaque name for whom the request is made. */
  userId?: string | undefined;
}

/** What a message chose that no provider caches by: it comes after the conversation. */
export interface Tail {
  sampling?: Sampling | undefined;
  toolChoice?: ToolChoice | undefined;
  /** Tokens of the request, as far as they are known: what is left of the window beside them is the answer's. */
  requested?: number;
}

/** A request's text from `{` up to and including the system message; `requestBody` goes on from there. */
export function serializeHead(of: Head): string {
  const { profile, tools, instructions, responseFormat, userId } = of;
  // Providers take strict tools only when all of a request are (api-docs.deepseek.com/guides/tool_calls).
  const strict = profile.strict !== "none" && tools.every((tool) => tool.strict !== false);
  const on = isThinking(of);
  const parameters = object({
    model: wireModelId(profile, on),
    stream: true,
    stream_options: isOmitted(profile, "stream_options") ? undefined : { include_usage: true },
    [lengthField(profile)]: of.maxTokensInTail ? undefined : mostTokensOf(profile, on),
    thinking: thinkingParameter(profile, on),
    reasoning_effort: levelOf(of),
    user_id: userId,
    response_format: jsonMode(profile, responseFormat),
    tools: tools.length > 0 ? tools.toSorted(byName).map((tool) => wireTool(tool, strict)) : undefined,
  });
  return `${parameters.slice(0, -1)},"messages":[${serializeMessage({ role: "system", content: instructions }, profile)}`;
}

/** The members that follow the messages, such as `,"temperature":0`, or nothing. */
export function serializeTail(head: Head, { sampling, toolChoice, requested }: Tail): string {
  const { profile } = head;
  const { maxTokens = Number.POSITIVE_INFINITY, stop } = sampling ?? {};
  const most = answerTokens(limitsOf(head), requested);
  const drawn = {
    temperature: sampling?.temperature,
    top_p: sampling?.topP,
    frequency_penalty: sampling?.frequencyPenalty,
    presence_penalty: sampling?.presencePenalty,
  };
  const tail = object({
    [lengthField(profile)]: head.maxTokensInTail ? Math.min(maxTokens, most) : undefined,
    ...Object.fromEntries(Object.entries(drawn).filter(([name]) => !isOmitted(profile, name))),
    stop,
    tool_choice: typeof toolChoice === "object" ? { type: "function", function: toolChoice } : toolChoice,
  }).slice(1, -1);
  return tail === "" ? "" : `,${tail}`;
}

/**
 * Whether the tail has to state how long an answer may be: the message chose that, or the answer's share is so large a part
 * of the window that it depends on the request. In the head it would change what the provider has cached.
 */
export function isAnswerShort(head: Head, { sampling, requested = 0 }: Tail): boolean {
  const limits = limitsOf(head);
  const isLarge = limits.maxTokens * 8 > limits.contextTokens;
  return sampling?.maxTokens !== undefined || isLarge || answerTokens(limits, requested) < limits.maxTokens;
}

/** The window, and the longest answer that the model gives by itself. */
function limitsOf(head: Head) {
  const { profile } = head;
  return { contextTokens: profile.contextTokens, maxTokens: mostTokensOf(profile, isThinking(head)) };
}

function isOmitted({ omit = [] }: Profile, parameter: string): boolean {
  return omit.includes(parameter);
}

function lengthField({ maxTokensField = "max_tokens" }: Profile): string {
  return maxTokensField;
}

/** How hard it thinks, where that was chosen and the model has levels. */
function levelOf(head: Head): string | undefined {
  const { thinking, profile } = head;
  return typeof thinking === "string" && isThinking(head) && profile.thinkingLevels?.includes(thinking)
    ? thinking
    : undefined;
}

/** Whether it is switched on, off, or left to the provider. */
function isThinking({ profile, thinking, tools }: Head): boolean | undefined {
  if (tools.length > 0 && !profile.thinksWithTools) return false;
  return thinking === undefined ? profile.thinkingDefault : thinking !== false;
}

function mostTokensOf(profile: Profile, thinking: boolean | undefined): number {
  return thinking === true && profile.thinking.by !== "nothing" ? profile.maxTokensThinking : profile.maxTokens;
}

/** The same head in short, to be compared with another. `documents`: the part of the instructions that is a registered prefix. */
export function headFacts(of: Head, documents: string): HeadFacts {
  const { profile, thinking, tools, instructions, responseFormat, userId } = of;
  const head = JSON.parse(
    `${serializeHead({ profile, thinking, tools: [], instructions: "", responseFormat, userId })}]}`,
  ) as object;
  const { model, messages: _, ...parameters } = head as { model: string; messages: unknown };
  const strict = profile.strict !== "none" && tools.every((tool) => tool.strict !== false);
  return {
    model: `${profile.provider}/${model}`,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, JSON.stringify(value)])),
    tools: Object.fromEntries(
      tools.map(({ name, description, parameters: schema }) => [
        name,
        {
          description: fingerprint(description),
          parameters: fingerprint(JSON.stringify(schema)),
          strict: String(strict),
        },
      ]),
    ),
    instructions: fingerprint(documents === "" ? instructions : instructions.replace(documents, "")),
    documents: documents === "" ? "" : fingerprint(documents),
  };
}

/**
 * The JSON text of one message as the provider reads it. Tool arguments go back verbatim: other bytes would miss the prefix
 * cache. `afterCalls`: the reply is a later one of its turn, so calls come before it.
 */
export function serializeMessage(message: Message, profile: Profile, { afterCalls = false } = {}): string {
  switch (message.role) {
    case "system":
      return object({ role: profile.systemRole ?? "system", content: message.content });
    case "user":
      return object({ role: "user", content: spoken(message.content, message.speaker) });
    case "assistant":
      return object(wireAssistant(message, profile, afterCalls));
    case "tool":
      return object({ role: "tool", tool_call_id: message.callId, content: message.content });
  }
}

/**
 * The whole body of a request. `head`: from `serializeHead`; `messages`: from `serializeMessage`, in order. `begun`: half
 * an answer that the model is to go on with, where the profile allows it. `tail`: from `serializeTail`.
 */
export function requestBody(
  head: string,
  messages: readonly string[],
  { begun = "", tail = "" }: { begun?: string; tail?: string } = {},
): string {
  const half = begun === "" ? [] : [object({ role: "assistant", content: begun, prefix: true })];
  return `${[head, ...messages, ...half].join(",")}]${tail}}`;
}

/** Where requests go: strict tools and continuations are served at DeepSeek's `/beta` only, and silently ignored elsewhere. */
export function endpointOf(profile: Profile, baseUrl: string): string {
  if (profile.strict !== "beta") return baseUrl;
  return `${baseUrl.replace(/\/(v1|beta)?$/, "").replace(/\/v1$/, "")}/beta`;
}

function jsonMode({ jsonModes }: Profile, format: ResponseFormat | undefined): object | undefined {
  if (format === undefined) return undefined;
  if (format.type === "json_schema" && jsonModes.schema) {
    return { type: "json_schema", json_schema: { name: "answer", strict: true, schema: format.schema } };
  }
  return jsonModes.object ? { type: "json_object" } : undefined;
}

/** The model id to send; another one than the profile's own where thinking is switched by the id. `on`: `undefined` leaves it to the provider. */
export function wireModelId(profile: Profile, on: boolean | undefined): string {
  if (on === undefined || profile.thinking.by !== "model_id") return profile.wireId;
  return on ? profile.thinking.on : profile.thinking.off;
}

function thinkingParameter(profile: Profile, on: boolean | undefined): { type: string } | undefined {
  if (on === undefined || profile.thinking.by !== "parameter") return undefined;
  return { type: on ? "enabled" : "disabled" };
}

function byName(a: ToolDeclaration, b: ToolDeclaration): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

function wireTool({ name, description, parameters }: ToolDeclaration, strict: boolean) {
  return { type: "function", function: { name, description, ...(strict && { strict }), parameters } };
}

function wireAssistant({ content, reasoning, toolCalls }: AssistantMessage, profile: Profile, afterCalls: boolean) {
  // A reply of a turn with calls that had none, by a model that did not think, has a blank: V4 wants the field there, and
  // whether it takes "" is unsettled (LiteLLM sends a blank, the AI SDK "").
  const thought = reasoning === "" && (afterCalls || toolCalls.length > 0) ? " " : reasoning;
  const replay = profile.reasoningReplay === "replay" && thought !== "";
  const calls = toolCalls.map(({ id, name, arguments: text }) => {
    return { id, type: "function", function: { name, arguments: text === "" ? "{}" : text } };
  });
  return {
    role: "assistant",
    // Never null: without calls, DeepSeek answers 400 to every later request of the session.
    content,
    ...(replay && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function spoken(content: string, speaker: string | undefined): string {
  const name = readableSpeaker(speaker ?? "");
  return name === "" ? content : `${name}: ${content}`;
}

/** What JSON can have where a string is not legal. A megabyte without it is not looked at value by value. */
const notPlain = /\\[ubf]|[\u007f-\u009f]/;

/** Strings are made legal, names of members as well: half an emoji would be written as `\ud83d`, which strict JSON readers refuse. */
function object(message: Record<string, unknown>): string {
  const text = JSON.stringify(message);
  if (!notPlain.test(text)) return text;
  return legalEscapes(
    JSON.stringify(message, (_key, value: unknown) => (typeof value === "string" ? legalText(value) : value)),
  );
}

/** Puts messages into an order that a host takes, by filling in answers that are missing. Adds only, so that what was written stays as it was. */
export type Role = Message["role"];

/** The text where a turn ended without an answer: cancelled, failed, or out of steps. */
const filler: Message = { role: "assistant", content: "(no answer)", reasoning: "", toolCalls: [] };

/**
 * The messages in an order that a host takes, by filling in answers that are missing. Adds only, so that what was written
 * stays as it was. `before`: the role of the message that they follow, and `after`: of the one that follows them; the start and the end where absent.
 */
export function bridged(
  messages: readonly Message[],
  order: RoleOrder = "free",
  { before, after }: { before?: Role | undefined; after?: Role | undefined } = {},
): Message[] {
  if (order === "free") return [...messages];
  let last = before;
  const all = messages.flatMap((message) => {
    const both = needsFiller(order, last, message.role) ? [filler, message] : [message];
    last = message.role;
    return both;
  });
  return after !== undefined && needsFiller(order, last, after) ? [...all, filler] : all;
}

/** `bridged`: mistral-common lets a user follow a user. `alternating`: a turn may hold calls and results between its user and its answer. */
function needsFiller(order: RoleOrder, last: Role | undefined, next: Role): boolean {
  return next === "user" && (last === "tool" || (order === "alternating" && last === "user"));
}

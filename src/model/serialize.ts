/** Writes the bytes of a request: the same input gives the same bytes, so a grown transcript begins with the bytes of the request before it. Never sends anything. */
import type { AssistantMessage, Message, ToolDeclaration } from "../core/message.ts";
import type { Profile } from "./profile.ts";

/** What comes before the conversation. `thinking`: what the message chose; the profile's habit when absent. */
export interface Head {
  profile: Profile;
  thinking?: boolean | undefined;
  tools: readonly ToolDeclaration[];
  instructions: string;
}

/** A request's text from `{` up to and including the system message; `requestBody` goes on from there. */
export function serializeHead({ profile, thinking, tools, instructions }: Head): string {
  const parameters = JSON.stringify({
    model: wireModelId(profile, thinking),
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: profile.maxTokens,
    thinking: thinkingParameter(profile, thinking),
    tools: tools.length > 0 ? tools.toSorted(byName).map((tool) => wireTool(tool, profile)) : undefined,
  });
  return `${parameters.slice(0, -1)},"messages":[${serializeMessage({ role: "system", content: instructions }, profile)}`;
}

/** The JSON text of one message as the provider reads it. Tool arguments go back verbatim: other bytes would miss the prefix cache. */
export function serializeMessage(message: Message, profile: Profile): string {
  switch (message.role) {
    case "system":
      return object({ role: "system", content: message.content });
    case "user":
      return object({ role: "user", content: spoken(message.content, message.speaker) });
    case "assistant":
      return object(wireAssistant(message, profile));
    case "tool":
      return object({ role: "tool", tool_call_id: message.callId, content: message.content });
  }
}

/** The whole body of a request. `head`: from `serializeHead`; `messages`: from `serializeMessage`, in order. */
export function requestBody(head: string, messages: readonly string[]): string {
  return `${[head, ...messages].join(",")}]}`;
}

/** The model id to ask for; another one than the profile's own where thinking is switched by the id. */
export function wireModelId(profile: Profile, thinking: boolean | undefined): string {
  const on = thinking ?? profile.thinkingDefault;
  if (on === undefined || profile.thinking.by !== "model_id") return profile.wireId;
  return on ? profile.thinking.on : profile.thinking.off;
}

function thinkingParameter(profile: Profile, thinking: boolean | undefined): { type: string } | undefined {
  const on = thinking ?? profile.thinkingDefault;
  if (on === undefined || profile.thinking.by !== "parameter") return undefined;
  return { type: on ? "enabled" : "disabled" };
}

function byName(a: ToolDeclaration, b: ToolDeclaration): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

function wireTool({ name, description, parameters }: ToolDeclaration, profile: Profile) {
  const strict = profile.strictTools ? { strict: true } : {};
  return { type: "function", function: { name, description, ...strict, parameters } };
}

function wireAssistant({ content, reasoning, toolCalls }: AssistantMessage, profile: Profile) {
  const replay = profile.reasoningReplay === "replay" && reasoning !== "";
  const calls = toolCalls.map(({ id, name, arguments: text }) => {
    return { id, type: "function", function: { name, arguments: text === "" ? "{}" : text } };
  });
  return {
    role: "assistant",
    // Never null: without calls, DeepSeek answers 400 to every later request of the session.
    content,
    ...(replay && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function spoken(content: string, speaker: string | undefined): string {
  return speaker === undefined ? content : `${speaker}: ${content}`;
}

/** Strings are made well-formed: half an emoji would be written as `\ud83d`, which strict JSON readers refuse. */
function object(message: Record<string, unknown>): string {
  return JSON.stringify(message, (_key, value: unknown) => (typeof value === "string" ? value.toWellFormed() : value));
}

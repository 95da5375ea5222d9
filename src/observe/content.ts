/** What people, models and tools wrote, as attributes: messages in the form of the GenAI conventions, without credentials, and never longer than a backend takes. Only an app that lists `otel()` carries it, and it is called only with content capture on. Pure. */
import type { Entry } from "../core/entry.ts";
import { withoutCredentials } from "../core/secrets.ts";

/** Most bytes of UTF-8 of one attribute. */
const mostContentBytes = 65_536;

/** Most messages, and most parts of one, in an attribute. */
const mostMessages = 200;

/** Writes what spans hold of content. */
export interface ContentWriter {
  /** The text without credentials, cut at the limit between two characters. */
  text(text: string): string;
  /** The turn's messages of people, in order, as JSON text (`gen-ai-input-messages.json`). */
  inputMessages(entries: readonly Entry[]): string;
  /** A reply of the model as JSON text (`gen-ai-output-messages.json`); also what a failed one had brought. */
  outputMessages(entry: Extract<Entry, { type: "assistant" | "step_failed" }>): string;
}

export const contentWriter: ContentWriter = { text: contentText, inputMessages, outputMessages };

type MessagePart =
  | { type: "text" | "reasoning"; content: string }
  | { type: "tool_call"; id: string; name: string; arguments: string };

interface ContentMessage {
  role: "user" | "assistant";
  parts: MessagePart[];
  finish_reason?: string;
}

function contentText(text: string): string {
  return cutAtBytes(withoutCredentials(text.slice(0, mostContentBytes).toWellFormed()), mostContentBytes);
}

function inputMessages(entries: readonly Entry[]): string {
  const users = entries.flatMap((entry) => (entry.type === "user" ? [entry] : [])).slice(0, mostMessages);
  return bounded(users.map(({ content }) => ({ role: "user", parts: [{ type: "text", content }] })));
}

function outputMessages(entry: Extract<Entry, { type: "assistant" | "step_failed" }>): string {
  const { content, reasoning } = entry;
  const calls = entry.type === "assistant" ? entry.toolCalls : [];
  const parts: MessagePart[] = [
    ...(reasoning === "" ? [] : [{ type: "reasoning" as const, content: reasoning }]),
    ...(content === "" ? [] : [{ type: "text" as const, content }]),
    ...calls
      .slice(0, mostMessages)
      .map(({ id, name, arguments: text }) => ({ type: "tool_call" as const, id, name, arguments: text })),
  ];
  return bounded([{ role: "assistant", parts, finish_reason: finishReason(entry) }]);
}

/** The conventions' spelling. */
function finishReason(entry: Extract<Entry, { type: "assistant" | "step_failed" }>): string {
  if (entry.type === "step_failed") return "error";
  return entry.finishReason === "tool_calls" ? "tool_call" : entry.finishReason;
}

/** The messages as JSON that can still be read: it is the texts that are cut, all to the same length. */
function bounded(messages: ContentMessage[]): string {
  for (let most = mostContentBytes; most > 0; most >>= 1) {
    const text = JSON.stringify(
      messages.map((message) => ({ ...message, parts: message.parts.map((part) => cutPart(part, most)) })),
    );
    if (byteLength(text) <= mostContentBytes) return text;
  }
  return "[]";
}

function cutPart(part: MessagePart, most: number): MessagePart {
  const cut = (text: string) => withoutCredentials(text.slice(0, most).toWellFormed());
  if (part.type !== "tool_call") return { ...part, content: cut(part.content) };
  return { ...part, id: cut(part.id), name: cut(part.name), arguments: cut(part.arguments) };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function cutAtBytes(text: string, most: number): string {
  if (byteLength(text) <= most) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(most));
  return text.slice(0, read);
}

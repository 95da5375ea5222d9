/** The items of a response's output, and their parts, as OpenAI writes them. Source: resources/responses of its client, openai 7.57.0. */
import { toBase64Url } from "../../core/base64url.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export interface TextPart {
  type: "output_text";
  text: string;
  annotations: [];
  logprobs: [];
}

export interface ReasoningPart {
  type: "reasoning_text";
  text: string;
}

export interface MessageItem {
  id: string;
  type: "message";
  status: ItemStatus;
  role: "assistant";
  content: TextPart[];
}

export interface ReasoningItem {
  id: string;
  type: "reasoning";
  status: ItemStatus;
  summary: [];
  content: ReasoningPart[];
  encrypted_content?: string;
}

export interface FunctionCallItem {
  id: string;
  type: "function_call";
  status: ItemStatus;
  call_id: string;
  name: string;
  arguments: string;
}

/** A call of one of the agent's own tools that waits for a person. */
export interface ApprovalItem {
  id: string;
  type: "mcp_approval_request";
  server_label: "longline";
  name: string;
  arguments: string;
}

export type OutputItem = MessageItem | ReasoningItem | FunctionCallItem | ApprovalItem;

/** An item that grows by deltas. */
export type GrowingItem = MessageItem | ReasoningItem;

export function textPart(text: string): TextPart {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

export function reasoningPart(text: string): ReasoningPart {
  return { type: "reasoning_text", text };
}

/** The item as it begins: without parts. */
export function newItem(kind: GrowingItem["type"], id: string): GrowingItem {
  return kind === "message"
    ? { id, type: "message", status: "in_progress", role: "assistant", content: [] }
    : { id, type: "reasoning", status: "in_progress", summary: [], content: [] };
}

/** The item once it has all its text. `encrypted`: with the text in the form in which a client hands it back unread. */
export function doneItem(item: GrowingItem, of: { text: string; status: ItemStatus; encrypted: boolean }): GrowingItem {
  const { text, status, encrypted } = of;
  if (item.type === "message") return { ...item, status, content: [textPart(text)] };
  const sealed = encrypted && { encrypted_content: toBase64Url(new TextEncoder().encode(text)) };
  return { ...item, status, content: [reasoningPart(text)], ...sealed };
}

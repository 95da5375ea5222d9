/** The items of a response's output, and their parts, as OpenAI writes them. Source: resources/responses of its client, openai 7.57.0. */
import { toBase64Url } from "../../../core/base64url.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export interface TextPart {
  type: "output_text";
  text: string;
  annotations: [];
  logprobs: [];
}

export interface RefusalPart {
  type: "refusal";
  refusal: string;
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
  content: (TextPart | RefusalPart)[];
}

export interface ReasoningItem {
  id: string;
  type: "reasoning";
  status: ItemStatus;
  /** The reasoning itself, for a client that asked for summaries: the models here make none. */
  summary: { type: "summary_text"; text: string }[];
  content: ReasoningPart[];
  encrypted_content?: string;
}

export interface FunctionCallItem {
  id: string;
  type: "function_call";
  status: ItemStatus;
  call_id: string;
  name: string;
  /** Of a function that its client declared in one. */
  namespace?: string;
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

export function refusalPart(text: string): RefusalPart {
  return { type: "refusal", refusal: text };
}

export function reasoningPart(text: string): ReasoningPart {
  return { type: "reasoning_text", text };
}

export function summaryPart(text: string) {
  return { type: "summary_text" as const, text };
}

export type ItemPart = TextPart | RefusalPart | ReasoningPart;

/** What an item holds, and grows by: a message says something, or why it will not. */
export type GrowingKind = "message" | "refusal" | "reasoning";

/** The item as it begins: without parts. */
export function newItem(kind: GrowingKind, id: string): GrowingItem {
  return kind === "reasoning"
    ? { id, type: "reasoning", status: "in_progress", summary: [], content: [] }
    : { id, type: "message", status: "in_progress", role: "assistant", content: [] };
}

/** The item once it has all its parts. `encrypted`: with its reasoning in the form in which a client hands it back unread. `summarized`: with its reasoning as a summary, too. */
export function doneItem(
  item: GrowingItem,
  of: { parts: readonly ItemPart[]; status: ItemStatus; encrypted: boolean; summarized: boolean },
): GrowingItem {
  const { parts, status, encrypted, summarized } = of;
  if (item.type === "message") {
    return { ...item, status, content: parts.filter((part) => part.type !== "reasoning_text") };
  }
  const content = parts.filter((part) => part.type === "reasoning_text");
  const text = content.map((part) => part.text).join("");
  const sealed = encrypted && { encrypted_content: toBase64Url(new TextEncoder().encode(text)) };
  const summary = summarized ? content.map((part) => summaryPart(part.text)) : [];
  return { ...item, status, summary, content, ...sealed };
}

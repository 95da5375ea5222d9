/** Turns the input of a response into a conversation: messages, answers to open calls, and instructions at its head. Pure. */
import { fromBase64Url } from "../../../core/base64url.ts";
import { defined } from "../../../core/defined.ts";
import type { ClientTool } from "../../../core/entry.ts";
import { AppError } from "../../../core/errors.ts";
import type { HistoryItem } from "../../../core/history.ts";
import { type InputItem, textOf } from "./input-items.ts";
import { flatNameOf } from "./namespaces.ts";

export interface ReadInput {
  /** System and developer messages that come before everything else. */
  instructions: string[];
  items: HistoryItem[];
  /** `id`: as the client named the request; `at`: how many items come before the answer. */
  approvals: { ref: string; id: string; at: number; approve: boolean; reason?: string }[];
}

/** `tools`: the client's, whose names for the model the calls get. */
export function readInput(input: string | readonly InputItem[], tools: readonly ClientTool[] = []): ReadInput {
  if (typeof input === "string") return { instructions: [], items: [{ role: "user", content: input }], approvals: [] };
  const read: ReadInput = { instructions: [], items: [], approvals: [] };
  input.forEach((item, place) => take(read, named(item, tools), place));
  // Of instructions alone the last one is what is to be answered.
  const last = read.items.length + read.approvals.length === 0 ? read.instructions.pop() : undefined;
  if (last !== undefined) read.items.push({ role: "user", content: last, speaker: "system" });
  return { ...read, ...pairOutputs(read) };
}

/** The model knows a function in a namespace by its flat name alone. */
function named(item: InputItem, tools: readonly ClientTool[]): InputItem {
  if (item.type !== "function_call" || !item.namespace) return item;
  return { ...item, name: flatNameOf({ name: item.name, namespace: item.namespace }, tools) };
}

function take(read: ReadInput, item: InputItem, place: number): void {
  switch (item.type) {
    case "message":
      takeMessage(read, item);
      return;
    case "reasoning":
      lastAnswer(read).reasoning += reasoningOf(item, place);
      return;
    case "function_call": {
      const { call_id: id, name, arguments: text } = item;
      lastAnswer(read).calls.push({ id, name, arguments: text });
      return;
    }
    case "function_call_output":
      read.items.push({ role: "tool", callId: item.call_id, content: textOf(item.output) });
      return;
    case "mcp_approval_request":
    // The call itself is in the session that asked; the tools were moved to those of the request.
    case "additional_tools":
      return;
    case "mcp_approval_response": {
      const { approval_request_id: request, approve, reason } = item;
      // Its place comes before the ref; ids of earlier versions are a ref alone.
      const ref = request.slice(request.lastIndexOf(".") + 1).replace("mcpr_", "");
      read.approvals.push({
        ref,
        id: request,
        at: read.items.length,
        approve,
        ...defined({ reason }),
      });
      return;
    }
    case "item_reference":
      throw new Error("A reference was not replaced by its item.");
  }
}

function takeMessage(read: ReadInput, { role, content }: Extract<InputItem, { type: "message" }>): void {
  const text = textOf(content);
  switch (role) {
    case "assistant":
      lastAnswer(read).content += text;
      return;
    case "user":
      read.items.push({ role: "user", content: text });
      return;
    case "system":
    case "developer":
      if (read.items.length === 0) read.instructions.push(text);
      else read.items.push({ role: "user", content: text, speaker: "system" });
      return;
  }
}

/** Consecutive text of the model is one answer: what happened between the parts ran on the server. */
function lastAnswer({ items }: ReadInput): Extract<HistoryItem, { role: "assistant" }> {
  const last = items.at(-1);
  if (last?.role === "assistant") return last;
  const answer = { role: "assistant" as const, content: "", reasoning: "", calls: [] };
  items.push(answer);
  return answer;
}

/** Its text, plain or in the opaque form that we gave out. */
function reasoningOf(
  { content = [], encrypted_content: sealed, summary }: Extract<InputItem, { type: "reasoning" }>,
  place: number,
): string {
  if (content.length > 0) return content.map(({ text }) => text).join("");
  if (sealed === undefined) return summary.map(({ text }) => text).join("\n\n");
  const bytes = fromBase64Url(sealed);
  if (bytes !== undefined) return new TextDecoder().decode(bytes);
  const field = `input.${place}.encrypted_content`;
  throw new AppError("invalid_request", `${field}: it did not come from this server.`, { field });
}

/** What is wrong with a conversation that begins with `items`, in OpenAI's words; `undefined` when it can be answered. */
export function inputFault(items: readonly HistoryItem[]): string | undefined {
  let open = new Set<string>();
  for (const item of items) {
    if (item.role === "tool") {
      if (!open.delete(item.callId)) return `No tool call found for function call output with call_id ${item.callId}.`;
    } else if (open.size > 0) break;
    if (item.role === "assistant") open = new Set(item.calls.map(({ id }) => id));
  }
  const [first] = open;
  if (first !== undefined) return `No tool output found for function call ${first}.`;
  return items.at(-1)?.role === "assistant" || items.length === 0
    ? "There is nothing to answer: the input must end with a user message or a function_call_output."
    : undefined;
}

/**
 * Puts each result after the answer that made its call. OpenAI pairs calls and outputs by `call_id` wherever they are, and
 * Codex writes messages between them (awesome-deepseek-integration#740); models and transcripts want them next to each
 * other. Drops and invents nothing: an output without a call stays where it is. Pure.
 */
type Answer = Extract<HistoryItem, { role: "assistant" }>;

interface Read<A> {
  items: HistoryItem[];
  /** `at`: how many items are before the answer. */
  approvals: A[];
}

/** The same items in legal order, where there is one. */
function pairOutputs<A extends { at: number }>(read: Read<A>): Read<A> {
  const results = resultsByAnswer(read.items);
  const paired = new Set([...results.values()].flat());
  const items: HistoryItem[] = [];
  /** By place in `read.items`: how many items are before it now. */
  const before: number[] = [];
  for (const item of read.items) {
    before.push(items.length);
    if (paired.has(item)) continue;
    items.push(item);
    if (item.role === "assistant") items.push(...(results.get(item) ?? []));
  }
  const approvals = read.approvals.map((each) => ({ ...each, at: before[each.at] ?? items.length }));
  return { items, approvals };
}

/** Of calls with one id, the newest that has no result yet gets the next one: models use ids again. */
function resultsByAnswer(items: readonly HistoryItem[]): Map<Answer, HistoryItem[]> {
  const open = new Map<string, Answer[]>();
  const results = new Map<Answer, HistoryItem[]>();
  for (const item of items) {
    if (item.role === "assistant") {
      for (const { id } of item.calls) append(open, id, item);
      continue;
    }
    const answer = item.role === "tool" ? open.get(item.callId)?.pop() : undefined;
    if (answer !== undefined) append(results, answer, item);
  }
  return results;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

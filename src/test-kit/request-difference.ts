/** Finds where a request differs from the most similar recorded one: the first byte, and the part of the request it is in, in the words of the prefix doctor. Pure. */
import { fingerprint } from "../core/digest.ts";
import { firstDifference, type HeadFacts } from "../core/prefix.ts";
import type { RecordedExchange } from "./recording.ts";

interface ChatRequest {
  model: string;
  messages: { role: string; content?: unknown; tool_calls?: unknown }[];
  tools?: { function: { name: string; description?: string; parameters?: unknown; strict?: boolean } }[];
  [field: string]: unknown;
}

/** `byte`: of the canonical body, from 0. `segment`: such as "instructions changed" or "message 4 (tool) changed". */
export interface RequestDifference {
  byte: number;
  segment: string;
  /** Some of the text around it, before and now. */
  before: string;
  now: string;
}

/** The recorded request that has the longest beginning in common; `undefined` when there is none with this target. */
export function nearestRequest(
  request: RecordedExchange["request"],
  recorded: readonly RecordedExchange["request"][],
): RecordedExchange["request"] | undefined {
  const same = recorded.filter(({ target }) => target === request.target);
  const common = same.map(({ body }) => commonBytes(body, request.body));
  return same[common.indexOf(Math.max(...common))];
}

export function requestDifference(before: string, now: string): RequestDifference {
  const at = commonBytes(before, now);
  const around = (text: string) => text.slice(Math.max(0, at - 20), at + 40);
  return {
    byte: new TextEncoder().encode(now.slice(0, at)).length,
    segment: segmentOf(before, now),
    before: around(before),
    now: around(now),
  };
}

/** In UTF-16 units. */
function commonBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return length;
}

function segmentOf(before: string, now: string): string {
  const [old, fresh] = [chatRequest(before), chatRequest(now)];
  if (old === undefined || fresh === undefined) return "the body changed";
  const head = firstDifference(headOf(old), headOf(fresh))?.replace(" by deploy", "");
  return head ?? messageDifference(old.messages, fresh.messages);
}

function chatRequest(body: string): ChatRequest | undefined {
  try {
    const value = JSON.parse(body) as ChatRequest;
    return Array.isArray(value.messages) ? value : undefined;
  } catch {
    return undefined;
  }
}

function headOf({ model, messages, tools = [], ...parameters }: ChatRequest): HeadFacts {
  const [first] = messages;
  const isSystem = first?.role === "system" || first?.role === "developer";
  return {
    model: `/${model}`,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, JSON.stringify(value)])),
    tools: Object.fromEntries(
      tools.map(({ function: { name, description = "", parameters: schema, strict } }) => [
        name,
        { description, parameters: JSON.stringify(schema), strict: String(strict) },
      ]),
    ),
    instructions: isSystem ? fingerprint(JSON.stringify(first.content)) : "",
    documents: "",
  };
}

function messageDifference(before: ChatRequest["messages"], now: ChatRequest["messages"]): string {
  const at = now.findIndex((message, place) => JSON.stringify(message) !== JSON.stringify(before[place]));
  const message = now[at];
  if (message === undefined) return `messages end after ${now.length}, and ${before.length} were recorded`;
  const number = at + 1;
  return before[at] === undefined
    ? `message ${number} (${message.role}) was added`
    : `message ${number} (${message.role}) changed`;
}
